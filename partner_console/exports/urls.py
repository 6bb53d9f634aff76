from __future__ import annotations

from django.urls import path

from . import views

app_name = "exports"

urlpatterns = [
    path("", views.job_list, name="job_list"),
    path("new/", views.job_new, name="job_new"),
    path("<uuid:key>/", views.job_detail, name="job_detail"),
    path("<uuid:key>/cancel/", views.job_cancel, name="job_cancel"),
    path("<uuid:key>/repeat/", views.job_repeat, name="job_repeat"),
    path("<uuid:key>/download/", views.job_download, name="job_download"),
]
