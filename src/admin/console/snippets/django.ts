import { loginPath, SECRET, type Snippet } from './snippet.ts'

/** Django with Authlib. */
export const django: Snippet = {
  id: 'django',
  name: 'Django (Authlib)',
  kinds: ['web'],
  fits: ({ secret }) => secret !== undefined,
  parts({ issuer, clientId, secret, redirectUri, scope }) {
    const path = new URL(redirectUri).pathname.slice(1)
    return [
      {
        label: 'views.py',
        text: `import os

from authlib.integrations.django_client import OAuth
from django.http import JsonResponse
from django.shortcuts import redirect

oauth = OAuth()
oauth.register(
    name="latchkey",
    server_metadata_url="${issuer}/.well-known/openid-configuration",
    client_id="${clientId}",
    client_secret=os.environ["${SECRET}"],
    client_kwargs={
        "scope": "${scope}",
        "code_challenge_method": "S256",
        "token_endpoint_auth_method": "client_secret_${secret}",
    },
)


def login(request):
    return oauth.latchkey.authorize_redirect(request, "${redirectUri}")


def callback(request):
    token = oauth.latchkey.authorize_access_token(request)
    request.session.cycle_key()
    request.session["person"] = dict(token["userinfo"])
    return redirect("home")


def home(request):
    return JsonResponse(request.session.get("person", {"sign in": "${loginPath(redirectUri)}"}))
`,
      },
      {
        label: 'urls.py',
        text: `from django.urls import path

from . import views

urlpatterns = [
    path("", views.home, name="home"),
    path("${loginPath(redirectUri).slice(1)}", views.login),
    path("${path}", views.callback),
]
`,
      },
      { label: 'Install', text: 'pip install authlib django requests\n' },
    ]
  },
}
