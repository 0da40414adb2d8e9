SESSION_SECRET="$(openssl rand -hex 32)" LATCHKEY_CLIENT_SECRET='…' node app.mjs
