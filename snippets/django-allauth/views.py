from urllib.parse import urlencode

from django.contrib.auth import logout
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.utils.html import format_html
from django.views.decorators.http import require_POST


def home(request):
    user = request.user
    to = "/sign-out" if user.is_authenticated else "/accounts/oidc/latchkey/login/"
    return HttpResponse(
        format_html(
            '<!doctype html><title>App</title><p>{}</p><form method="post" action="{}">'
            '<input type="hidden" name="csrfmiddlewaretoken" value="{}"><button>{}</button></form>',
            f"{user.username}, {user.email}" if user.is_authenticated else "",
            to,
            get_token(request),
            "Sign out" if user.is_authenticated else "Sign in",
        )
    )


@require_POST
def sign_out(request):
    """Here, and at Latchkey: it asks, because allauth keeps no ID Token that would say who it is."""
    logout(request)
    to = {"client_id": "__CLIENT_ID__", "post_logout_redirect_uri": "__POST_LOGOUT_URI__"}
    return redirect("__ISSUER__/logout?" + urlencode(to))
