pip install django 'django-allauth[socialaccount]'
