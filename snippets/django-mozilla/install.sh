pip install django mozilla-django-oidc
