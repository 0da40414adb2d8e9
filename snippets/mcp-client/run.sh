node client.mjs
