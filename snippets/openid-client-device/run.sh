read -rs LATCHKEY_CLIENT_SECRET && export LATCHKEY_CLIENT_SECRET # ? secret
node app.mjs
