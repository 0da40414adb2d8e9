import jwt
from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

EVENT = "http://schemas.openid.net/event/backchannel-logout"
keys = {}


def checked(token, metadata, client_id):
    """The claims of a logout token; ValueError or PyJWTError when it is none of ours."""
    uri = metadata["jwks_uri"]
    found = keys.setdefault(uri, jwt.PyJWKClient(uri))
    if jwt.get_unverified_header(token).get("typ") != "logout+jwt":
        raise ValueError("not a logout token")
    claims = jwt.decode(
        token,
        found.get_signing_key_from_jwt(token).key,
        algorithms=["RS256", "PS256", "ES256", "EdDSA"],
        issuer=metadata["issuer"],
        audience=client_id,
        options={"require": ["iss", "aud", "iat", "exp", "jti"]},
    )
    if EVENT not in claims.get("events", {}) or "nonce" in claims:
        raise ValueError("not a logout token")
    return claims


async def back_channel(request: Request, client, people):
    """Ends the session that the logout token names, which Latchkey posts when somebody signs out elsewhere."""
    token = str((await request.form()).get("logout_token", ""))
    metadata = await client.load_server_metadata()
    try:
        claims = await run_in_threadpool(checked, token, metadata, client.client_id)
    except (ValueError, jwt.PyJWTError):
        return Response(status_code=400)
    name = "sid" if "sid" in claims else "sub"
    for key, person in list(people.items()):
        if claims.get(name) is not None and person[name] == claims[name]:
            people.pop(key, None)
    return Response(headers={"Cache-Control": "no-store"})
