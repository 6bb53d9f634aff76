"""The overview, the outbox and health."""

from __future__ import annotations

from django.urls import path

from . import views

app_name = "web"

urlpatterns = [
    path("", views.overview, name="overview"),
    path("outbox/", views.outbox, name="outbox"),
    path("outbox/<int:pk>/", views.outbox_mail, name="outbox_mail"),
    path("outbox/<int:pk>/html/", views.outbox_html, name="outbox_html"),
    path("health/", views.health, name="health"),
]
