import os

INSTALLED_APPS += [
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
]
MIDDLEWARE += ["allauth.account.middleware.AccountMiddleware"]
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
LOGIN_REDIRECT_URL = "/"
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "SCOPE": "__SCOPE__".split(),
        "APPS": [
            {
                "provider_id": "latchkey",
                "name": "Latchkey",
                "client_id": "__CLIENT_ID__",
                "secret": os.environ.get("LATCHKEY_CLIENT_SECRET"),
                "settings": {"server_url": "__ISSUER__", "token_auth_method": "__AUTH_METHOD__"},
            }
        ],
    }
}
