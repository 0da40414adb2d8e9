from django.urls import path

from . import views

urlpatterns = [
    path("", views.home, name="home"),
    path("__LOGIN_PATH__".lstrip("/"), views.login),
    path("logout", views.logout),
    path("__CALLBACK_PATH__".lstrip("/"), views.callback),
]
