npm install hono @hono/node-server @hono/oidc-auth
