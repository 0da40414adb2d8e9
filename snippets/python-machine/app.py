import json  # ? key
import os  # ? secret

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT  # ? key
from joserfc.jwk import ECKey  # ? key

# The private key whose public half is registered: ES256, as a JWK. # ? key
with open("private-key.jwk") as file:  # ? key
    key = ECKey.import_key(json.load(file))  # ? key

metadata = requests.get("__ISSUER__/.well-known/openid-configuration", timeout=10).json()
session = OAuth2Session(
    "__CLIENT_ID__",
    os.environ["LATCHKEY_CLIENT_SECRET"],  # ? secret
    key,  # ? key
    token_endpoint_auth_method="__AUTH_METHOD__",
    scope="__API_SCOPE__",  # ? api
)
session.register_client_auth_method(PrivateKeyJWT(alg="ES256", headers={"kid": key.kid}))  # ? key
# Ask for the next token shortly before this one expires.
token = session.fetch_token(
    metadata["token_endpoint"],
    grant_type="client_credentials",
    resource="__RESOURCE__",  # ? api
)
print(f"a token for {token['expires_in']} seconds")
# session.get(url) calls the API with it.
