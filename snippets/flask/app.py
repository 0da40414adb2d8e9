import os
import secrets
from urllib.parse import urlencode

from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, render_template_string, session

from back_channel import back_channel  # ? backchannel
from keyed import by_key, key  # ? key

app = Flask(__name__)
# Signs the cookie. Without a key that stays, people are signed out when the program starts anew.
app.secret_key = os.environ.get("APP_SECRET_KEY") or secrets.token_hex(32)
app.config["SESSION_COOKIE_SAMESITE"] = "Lax"
app.config["SESSION_COOKIE_SECURE"] = True  # ? !local
# One process's memory, because tokens do not belong in a cookie: use your database instead.
people = {}


def keep(name, token, refresh_token=None, access_token=None):
    """Authlib has refreshed, and calls this with what came."""
    for person in people.values():
        if person["token"].get("refresh_token") == refresh_token:
            person["token"] = {**person["token"], **token}


oauth = OAuth(app, update_token=keep)
oauth.register(
    name="latchkey",
    server_metadata_url="__ISSUER__/.well-known/openid-configuration",
    client_id="__CLIENT_ID__",
    client_secret=os.environ.get("LATCHKEY_CLIENT_SECRET"),  # ? secret
    client_secret=key,  # ? key
    client_auth_methods=[by_key],  # ? key
    client_kwargs={
        "scope": "__SCOPE__",
        "code_challenge_method": "S256",
        "token_endpoint_auth_method": "__AUTH_METHOD__",
    },
)

PAGE = """<!doctype html><title>App</title>
{% if person %}<p>{{ person.name }}, {{ person.email }}</p><a href="/logout">Sign out</a>
{% else %}<a href="__LOGIN_PATH__">Sign in</a>{% endif %}"""


@app.get("/")
def home():
    kept = people.get(session.get("id"))
    # Refreshes by itself when a minute is left.
    person = kept and oauth.latchkey.userinfo(token=kept["token"])
    return render_template_string(PAGE, person=person)


@app.get("__LOGIN_PATH__")
def login():
    return oauth.latchkey.authorize_redirect("__REDIRECT_URI__")


@app.get("__CALLBACK_PATH__")
def callback():
    token = oauth.latchkey.authorize_access_token()
    session.clear()
    session["id"] = secrets.token_urlsafe()
    claims = token["userinfo"]  # of the ID Token, checked
    people[session["id"]] = {"token": token, "sub": claims["sub"], "sid": claims.get("sid")}
    return redirect("/")


app.post("__BACKCHANNEL_PATH__")(lambda: back_channel(oauth.latchkey, people))  # ? backchannel


@app.get("/api")  # ? api
def api():  # ? api
    kept = people.get(session.get("id"))  # ? api
    if not kept:  # ? api
        return "", 401  # ? api
    return oauth.latchkey.get("__RESOURCE__", token=kept["token"]).json()  # ? api


@app.get("/logout")
def logout():
    kept = people.pop(session.get("id"), None)
    session.clear()
    to = {"client_id": "__CLIENT_ID__", "post_logout_redirect_uri": "__POST_LOGOUT_URI__"}
    if kept:
        to["id_token_hint"] = kept["token"]["id_token"]
    return redirect(oauth.latchkey.load_server_metadata()["end_session_endpoint"] + "?" + urlencode(to))
