"""Quota pages. They stand under `/uids/…`, where people look for an account."""

from __future__ import annotations

from django.urls import path

from quota import views

app_name = "quota"

urlpatterns = [
    path("uids/<uid:uid>/quota/", views.account_quota, name="account_quota"),
    path("uids/<uid:uid>/quota/panel/", views.panel, name="panel"),
    path("uids/<uid:uid>/quota/edit/", views.quota_edit, name="quota_edit"),
    path("uids/<uid:uid>/quota/threshold/", views.threshold_edit, name="threshold_edit"),
    path("uids/<uid:uid>/quota/threshold/meaning/", views.threshold_meaning, name="threshold_meaning"),
]
