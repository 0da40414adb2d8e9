from urllib.parse import urlencode

from mozilla_django_oidc.auth import OIDCAuthenticationBackend


class Backend(OIDCAuthenticationBackend):
    """Accounts are found by `sub`, which stays; the library's own way is by email address, which may change hands."""

    def filter_users_by_claims(self, claims):
        return self.UserModel.objects.filter(username=claims["sub"])

    def create_user(self, claims):
        return self.update_user(self.UserModel(username=claims["sub"]), claims)

    def update_user(self, user, claims):
        user.first_name = claims.get("name", "")[:150]
        user.email = claims.get("email", "")
        user.save()
        return user


def sign_out_url(request):
    to = {
        "id_token_hint": request.session.get("oidc_id_token", ""),
        "client_id": "__CLIENT_ID__",
        "post_logout_redirect_uri": "__POST_LOGOUT_URI__",
    }
    return "__ISSUER__/logout?" + urlencode(to)
