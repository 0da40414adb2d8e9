from django.urls import path

from . import views
from .back_channel import back_channel  # ? backchannel

urlpatterns = [
    path("", views.home, name="home"),
    path("__LOGIN_PATH__".lstrip("/"), views.login),
    path("logout", views.logout),
    path("__BACKCHANNEL_PATH__".lstrip("/"), back_channel),  # ? backchannel
    path("__CALLBACK_PATH__".lstrip("/"), views.callback),
]
