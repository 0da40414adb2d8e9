from django.urls import include, path

from . import views

urlpatterns = [
    path("", views.home),
    path("sign-out", views.sign_out),
    path("accounts/", include("allauth.urls")),
]
