import os

INSTALLED_APPS += ["mozilla_django_oidc"]
# Asks Latchkey every quarter of an hour, without the person noticing, whether they are still signed in.
MIDDLEWARE += ["mozilla_django_oidc.middleware.SessionRefresh"]
AUTHENTICATION_BACKENDS = ["mysite.oidc.Backend"]
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "__POST_LOGOUT_URI__"

OIDC_RP_CLIENT_ID = "__CLIENT_ID__"
OIDC_RP_CLIENT_SECRET = os.environ.get("LATCHKEY_CLIENT_SECRET", "")
OIDC_RP_SCOPES = "__SCOPE__"
OIDC_RP_SIGN_ALGO = "RS256"
OIDC_USE_PKCE = True
OIDC_TOKEN_USE_BASIC_AUTH = __USE_BASIC__
# This library reads no discovery document.
OIDC_OP_AUTHORIZATION_ENDPOINT = "__ISSUER__/authorize"
OIDC_OP_TOKEN_ENDPOINT = "__ISSUER__/token"
OIDC_OP_USER_ENDPOINT = "__ISSUER__/userinfo"
OIDC_OP_JWKS_ENDPOINT = "__ISSUER__/jwks"
OIDC_STORE_ID_TOKEN = True
OIDC_OP_LOGOUT_URL_METHOD = "mysite.oidc.sign_out_url"
