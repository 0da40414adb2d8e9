import json

from authlib.oauth2.rfc7523 import PrivateKeyJWT, private_key_jwt_sign
from joserfc.jwk import ECKey

# The private key whose public half is registered: ES256, as a JWK.
with open("private-key.jwk") as file:
    key = ECKey.import_key(json.load(file))


class Keyed(PrivateKeyJWT):
    """Signs an assertion for a minute. Authlib's own last an hour, and Latchkey takes none of more than five minutes."""

    def sign(self, auth, token_endpoint):
        return private_key_jwt_sign(
            auth.client_secret,
            auth.client_id,
            token_endpoint,
            alg="ES256",
            header={"kid": key.kid},
            expires_in=60,
        )
