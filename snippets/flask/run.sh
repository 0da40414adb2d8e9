export LATCHKEY_CLIENT_SECRET='…' # ? secret
flask --app app run --host __HOSTNAME__ --port __PORT__ # ? local
flask --app app run --port __PORT__ # ? !local
