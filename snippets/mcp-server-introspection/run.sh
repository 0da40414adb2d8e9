# Made at the API's page, or by: npm run -s latchkey -- resources add-credential __RESOURCE__
export LATCHKEY_API_CLIENT_ID='api_…' LATCHKEY_API_CLIENT_SECRET='…'
node server.mjs
