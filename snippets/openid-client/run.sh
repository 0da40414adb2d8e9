LATCHKEY_CLIENT_SECRET='…' node app.mjs # ? secret
node app.mjs # ? key
