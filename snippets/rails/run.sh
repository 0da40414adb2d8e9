LATCHKEY_CLIENT_SECRET='…' bin/rails server --port __PORT__
