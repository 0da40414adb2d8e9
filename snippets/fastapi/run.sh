LATCHKEY_CLIENT_SECRET='…' uvicorn app:app --host __HOSTNAME__ --port __PORT__ # ? local
LATCHKEY_CLIENT_SECRET='…' uvicorn app:app --port __PORT__ # ? !local
