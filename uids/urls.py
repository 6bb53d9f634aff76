"""Linked accounts: the list, and everything about one of them."""

from __future__ import annotations

from django.urls import path

from uids import views

app_name = "uids"

urlpatterns = [
    path("", views.account_list, name="account_list"),
    path("bulk/", views.account_list, name="bulk_edit"),
    path("labels/", views.account_list, name="label_list"),
    path("views/", views.account_list, name="view_save"),
    path("<uid:uid>/", views.account_detail, name="account_detail"),
    path("<uid:uid>/edit/", views.account_edit, name="account_edit"),
    path("<uid:uid>/freeze/", views.account_freeze, name="account_freeze"),
    path("<uid:uid>/unfreeze/", views.account_unfreeze, name="account_unfreeze"),
    path("<uid:uid>/controls/", views.control_list, name="control_list"),
]
