import json
from urllib.request import urlopen

import jwt
from fastapi import HTTPException, Request

ISSUER = "__ISSUER__"
with urlopen(f"{ISSUER}/.well-known/openid-configuration", timeout=10) as response:
    keys = jwt.PyJWKClient(json.load(response)["jwks_uri"], timeout=10)


def require_scope(scope):
    """A dependency that lets in who brings a token for this API with this scope, and gives its claims."""

    def refuse(status, challenge):
        return HTTPException(status, headers={"WWW-Authenticate": f"Bearer {challenge}"})

    def check(request: Request):
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise refuse(401, f'scope="{scope}"')
        try:
            if jwt.get_unverified_header(token).get("typ") != "at+jwt":
                raise refuse(401, 'error="invalid_token"')
            claims = jwt.decode(
                token,
                keys.get_signing_key_from_jwt(token).key,
                algorithms=["RS256", "PS256", "ES256", "EdDSA"],
                issuer=ISSUER,
                audience="__RESOURCE__",
                leeway=10,
                options={"require": ["iss", "aud", "exp", "iat", "sub", "client_id", "jti"]},
            )
        except jwt.PyJWKClientConnectionError:
            raise HTTPException(503, headers={"Retry-After": "5"}) from None
        except jwt.PyJWTError:
            raise refuse(401, 'error="invalid_token"') from None
        # Bound to a key (DPoP): of no use as a bearer token.
        if "cnf" in claims:
            raise refuse(401, 'error="invalid_token"')
        if scope not in str(claims.get("scope", "")).split():
            raise refuse(403, f'error="insufficient_scope", scope="{scope}"')
        return claims

    return check
