"""Staff's links and the customer's invitation."""

from __future__ import annotations

from django.urls import path

from linking import views

app_name = "linking"

urlpatterns = [
    path("links/", views.invitation_list, name="invitation_list"),
    path("links/new/", views.invitation_new, name="invitation_new"),
    path("links/new/uid/", views.invitation_uid, name="invitation_uid"),
    path("links/<int:pk>/", views.invitation_detail, name="invitation_detail"),
    path("links/<int:pk>/withdraw/", views.invitation_withdraw, name="invitation_withdraw"),
    path("links/<int:pk>/resend/", views.invitation_resend, name="invitation_resend"),
    path("links/<int:pk>/retry/", views.invitation_retry, name="invitation_retry"),
    path("invite/<str:token>/", views.invite_start, name="invite_start"),
    path("invite/<str:token>/proof/", views.invite_proof, name="invite_proof"),
    path("invite/<str:token>/decide/", views.invite_decide, name="invite_decide"),
    path("invite/<str:token>/decline/", views.invite_decline, name="invite_decline"),
    path("invite/<str:token>/done/", views.invite_done, name="invite_done"),
]
