LATCHKEY_CLIENT_SECRET='…' python app.py # ? secret
python app.py # ? key
