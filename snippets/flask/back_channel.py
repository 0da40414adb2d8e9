import jwt
from flask import abort, request

EVENT = "http://schemas.openid.net/event/backchannel-logout"
keys = {}


def back_channel(client, people):
    """Ends the session that the logout token names, which Latchkey posts when somebody signs out elsewhere."""
    metadata = client.load_server_metadata()
    uri = metadata["jwks_uri"]
    found = keys.setdefault(uri, jwt.PyJWKClient(uri))
    token = request.form.get("logout_token", "")
    try:
        if jwt.get_unverified_header(token).get("typ") != "logout+jwt":
            abort(400)
        claims = jwt.decode(
            token,
            found.get_signing_key_from_jwt(token).key,
            algorithms=["RS256", "PS256", "ES256", "EdDSA"],
            issuer=metadata["issuer"],
            audience=client.client_id,
            options={"require": ["iss", "aud", "iat", "exp", "jti"]},
        )
    except jwt.PyJWTError:
        abort(400)
    if EVENT not in claims.get("events", {}) or "nonce" in claims:
        abort(400)
    name = "sid" if "sid" in claims else "sub"
    for key, person in list(people.items()):
        if claims.get(name) is not None and person[name] == claims[name]:
            people.pop(key, None)
    return "", 200, {"Cache-Control": "no-store"}
