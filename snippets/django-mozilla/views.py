from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.utils.html import format_html


def home(request):
    user = request.user
    if not user.is_authenticated:
        return HttpResponse('<!doctype html><title>App</title><a href="/oidc/authenticate/">Sign in</a>')
    return HttpResponse(
        format_html(
            '<!doctype html><title>App</title><p>{}, {}</p><form method="post" action="/oidc/logout/">'
            '<input type="hidden" name="csrfmiddlewaretoken" value="{}"><button>Sign out</button></form>',
            user.first_name,
            user.email,
            get_token(request),
        )
    )
