export OIDC_AUTH_SECRET="$(openssl rand -hex 32)"
export OIDC_CLIENT_SECRET='…'
node app.mjs
