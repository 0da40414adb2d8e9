python manage.py migrate
LATCHKEY_CLIENT_SECRET='…' python manage.py runserver __PORT__
