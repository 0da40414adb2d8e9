export AUTH_SECRET="$(openssl rand -hex 32)" AUTH_URL=__ORIGIN__/auth
LATCHKEY_CLIENT_SECRET='…' node app.mjs
