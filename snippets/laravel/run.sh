LATCHKEY_CLIENT_SECRET='…' php artisan serve --port=__PORT__
