import os  # ? secret
import requests
from authlib.integrations.requests_client import OAuth2Session

from keyed import by_key, key  # ? key

metadata = requests.get("__ISSUER__/.well-known/openid-configuration", timeout=10).json()
session = OAuth2Session(
    "__CLIENT_ID__",
    os.environ["LATCHKEY_CLIENT_SECRET"],  # ? secret
    key,  # ? key
    token_endpoint_auth_method="__AUTH_METHOD__",
    scope="__API_SCOPE__",  # ? api
)
session.register_client_auth_method(by_key)  # ? key
# Ask for the next token shortly before this one expires.
token = session.fetch_token(
    metadata["token_endpoint"],
    grant_type="client_credentials",
    resource="__RESOURCE__",  # ? api
)
print(f"a token for {token['expires_in']} seconds")
# session.get(url) calls the API with it.
