import json

from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.jwk import ECKey

# The private key whose public half is registered: ES256, as a JWK.
with open("private-key.jwk") as file:
    key = ECKey.import_key(json.load(file))
by_key = PrivateKeyJWT(alg="ES256", headers={"kid": key.kid})
