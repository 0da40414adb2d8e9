import os
from urllib.parse import urlencode

from authlib.integrations.django_client import OAuth
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html

oauth = OAuth()
oauth.register(
    name="latchkey",
    server_metadata_url="__ISSUER__/.well-known/openid-configuration",
    client_id="__CLIENT_ID__",
    client_secret=os.environ.get("LATCHKEY_CLIENT_SECRET"),
    client_kwargs={
        "scope": "__SCOPE__",
        "code_challenge_method": "S256",
        "token_endpoint_auth_method": "__AUTH_METHOD__",
    },
)


def login(request):
    return oauth.latchkey.authorize_redirect(request, "__REDIRECT_URI__")


def callback(request):
    token = oauth.latchkey.authorize_access_token(request)
    request.session.cycle_key()
    request.session["person"] = dict(token["userinfo"])  # of the ID Token, checked
    request.session["id_token"] = token["id_token"]
    return redirect("home")


def logout(request):
    hint = request.session.get("id_token", "")
    request.session.flush()
    to = {"id_token_hint": hint, "post_logout_redirect_uri": "__POST_LOGOUT_URI__"}
    return redirect("__ISSUER__/logout?" + urlencode(to))


def home(request):
    person = request.session.get("person")
    if not person:
        return HttpResponse('<!doctype html><title>App</title><a href="__LOGIN_PATH__">Sign in</a>')
    page = '<!doctype html><title>App</title><p>{}, {}</p><a href="/logout">Sign out</a>'
    return HttpResponse(format_html(page, person.get("name"), person.get("email")))
