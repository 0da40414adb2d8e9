import json
from urllib.request import urlopen

import anyio.to_thread
import jwt
from mcp.server.auth.provider import AccessToken, TokenVerifier

ISSUER = "__ISSUER__"
RESOURCE = "__RESOURCE__"
with urlopen(f"{ISSUER}/.well-known/oauth-authorization-server", timeout=10) as response:
    keys = jwt.PyJWKClient(json.load(response)["jwks_uri"], timeout=10)


def check(token):
    """The claims of a token that Latchkey made for this server, else None."""
    try:
        if jwt.get_unverified_header(token).get("typ") != "at+jwt":
            return None
        claims = jwt.decode(
            token,
            keys.get_signing_key_from_jwt(token).key,
            algorithms=["RS256", "PS256", "ES256", "EdDSA"],
            issuer=ISSUER,
            audience=RESOURCE,
            leeway=10,
            options={"require": ["iss", "aud", "exp", "iat", "sub", "client_id", "jti"]},
        )
    except jwt.PyJWKClientConnectionError:
        raise
    except jwt.PyJWTError:
        return None
    # Bound to a key (DPoP): of no use as a bearer token.
    return None if "cnf" in claims else claims


class Verifier(TokenVerifier):
    async def verify_token(self, token: str) -> AccessToken | None:
        claims = await anyio.to_thread.run_sync(check, token)
        return claims and AccessToken(
            token=token,
            client_id=claims["client_id"],
            scopes=claims.get("scope", "").split(),
            expires_at=claims["exp"],
            resource=RESOURCE,
            subject=claims["sub"],
            claims=claims,
        )
