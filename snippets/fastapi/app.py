import os
import secrets
from html import escape
from urllib.parse import urlencode

from authlib.integrations.starlette_client import OAuth, OAuthError
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from starlette.middleware.sessions import SessionMiddleware

from back_channel import back_channel  # ? backchannel

app = FastAPI()
app.add_middleware(
    SessionMiddleware,
    # Signs the cookie. Without a key that stays, people are signed out when the program starts anew.
    secret_key=os.environ.get("APP_SECRET_KEY") or secrets.token_hex(32),
    https_only=True,  # ? !local
)
# One process's memory, because tokens do not belong in a cookie: use your database instead.
people = {}


async def keep(name, token, refresh_token=None, access_token=None):
    """Authlib has refreshed, and calls this with what came."""
    for person in people.values():
        if person["token"].get("refresh_token") == refresh_token:
            person["token"] = {**person["token"], **token}


oauth = OAuth(update_token=keep)
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


@app.get("/")
async def home(request: Request):
    kept = people.get(request.session.get("id"))
    if not kept:
        return HTMLResponse('<!doctype html><title>App</title><a href="__LOGIN_PATH__">Sign in</a>')
    # Refreshes by itself when a minute is left.
    person = await oauth.latchkey.userinfo(token=kept["token"])
    words = escape(f"{person.get('name')}, {person.get('email')}")
    return HTMLResponse(f'<!doctype html><title>App</title><p>{words}</p><a href="/logout">Sign out</a>')


@app.get("__LOGIN_PATH__")
async def login(request: Request):
    return await oauth.latchkey.authorize_redirect(request, "__REDIRECT_URI__")


@app.get("__CALLBACK_PATH__")
async def callback(request: Request):
    try:
        token = await oauth.latchkey.authorize_access_token(request)
    except OAuthError as error:
        return PlainTextResponse(f"Signing in did not work: {error.error}", 400)
    request.session.clear()
    request.session["id"] = secrets.token_urlsafe()
    claims = token["userinfo"]  # of the ID Token, checked
    people[request.session["id"]] = {"token": token, "sub": claims["sub"], "sid": claims.get("sid")}
    return RedirectResponse("/", 303)


@app.get("/api")  # ? api
async def api(request: Request):  # ? api
    kept = people.get(request.session.get("id"))  # ? api
    if not kept:  # ? api
        return PlainTextResponse("", 401)  # ? api
    return (await oauth.latchkey.get("__RESOURCE__", token=kept["token"])).json()  # ? api


@app.post("__BACKCHANNEL_PATH__")  # ? backchannel
async def told(request: Request):  # ? backchannel
    return await back_channel(request, oauth.latchkey, people)  # ? backchannel


@app.get("/logout")
async def logout(request: Request):
    kept = people.pop(request.session.get("id"), None)
    request.session.clear()
    to = {"client_id": "__CLIENT_ID__", "post_logout_redirect_uri": "__POST_LOGOUT_URI__"}
    if kept:
        to["id_token_hint"] = kept["token"]["id_token"]
    metadata = await oauth.latchkey.load_server_metadata()
    return RedirectResponse(metadata["end_session_endpoint"] + "?" + urlencode(to), 303)
