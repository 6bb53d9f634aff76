"""Staff's links and the customer's invitation."""

from __future__ import annotations

from django.urls import path

from linking import views

app_name = "linking"

urlpatterns = [
    path("invite/<str:token>/", views.invite_start, name="invite_start"),
    path("invite/<str:token>/proof/", views.invite_proof, name="invite_proof"),
    path("invite/<str:token>/decide/", views.invite_decide, name="invite_decide"),
    path("invite/<str:token>/decline/", views.invite_decline, name="invite_decline"),
    path("invite/<str:token>/done/", views.invite_done, name="invite_done"),
]
