import jwt
from django.contrib.sessions.models import Session
from django.http import HttpResponse, HttpResponseBadRequest
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from .views import oauth

EVENT = "http://schemas.openid.net/event/backchannel-logout"
keys = {}


def checked(token):
    """The claims of a logout token; ValueError or PyJWTError when it is none of ours."""
    metadata = oauth.latchkey.load_server_metadata()
    uri = metadata["jwks_uri"]
    found = keys.setdefault(uri, jwt.PyJWKClient(uri))
    if jwt.get_unverified_header(token).get("typ") != "logout+jwt":
        raise ValueError("not a logout token")
    claims = jwt.decode(
        token,
        found.get_signing_key_from_jwt(token).key,
        algorithms=["RS256", "PS256", "ES256", "EdDSA"],
        issuer=metadata["issuer"],
        audience=oauth.latchkey.client_id,
        options={"require": ["iss", "aud", "iat", "exp", "jti"]},
    )
    if EVENT not in claims.get("events", {}) or "nonce" in claims:
        raise ValueError("not a logout token")
    return claims


@csrf_exempt
@require_POST
def back_channel(request):
    """Ends the session that the logout token names, which Latchkey posts when somebody signs out elsewhere."""
    try:
        claims = checked(request.POST.get("logout_token", ""))
    except (ValueError, jwt.PyJWTError):
        return HttpResponseBadRequest()
    name = "sid" if "sid" in claims else "sub"
    # Each session is looked at. With many of them, keep a table of sid and session key.
    for session in Session.objects.filter(expire_date__gte=timezone.now()):
        person = session.get_decoded().get("person", {})
        if claims.get(name) is not None and person.get(name) == claims[name]:
            session.delete()
    return HttpResponse(headers={"Cache-Control": "no-store"})
