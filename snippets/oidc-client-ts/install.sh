npm install oidc-client-ts vite
