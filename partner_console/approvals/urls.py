"""What waits for a second person, and a partner's rules for it."""

from __future__ import annotations

from django.urls import path

from . import views

app_name = "approvals"

urlpatterns = [
    path("approvals/", views.approval_list, name="approval_list"),
    path("approvals/<int:pk>/", views.approval_detail, name="approval_detail"),
    path("approvals/<int:pk>/decide/", views.approval_decide, name="approval_decide"),
    path("approvals/<int:pk>/withdraw/", views.approval_withdraw, name="approval_withdraw"),
    path("approvals/<int:pk>/alone/", views.approval_alone, name="approval_alone"),
    path("settings/approvals/", views.rule_list, name="rule_list"),
    path("settings/approvals/<str:action>/", views.rule_edit, name="rule_edit"),
]
