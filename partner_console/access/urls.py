"""Settings: the partner, its members, one's own profile."""

from __future__ import annotations

from django.urls import path

from . import views

app_name = "access"

urlpatterns = [
    path("", views.settings_home, name="settings"),
    path("partner/", views.partner_edit, name="partner_edit"),
    path("profile/", views.profile, name="profile"),
    path("switch/", views.partner_switch, name="partner_switch"),
    path("members/", views.member_list, name="member_list"),
    path("members/invite/", views.member_invite, name="member_invite"),
    path("members/<int:pk>/", views.member_edit, name="member_edit"),
    path("members/<int:pk>/deactivate/", views.member_deactivate, name="member_deactivate"),
    path("members/<int:pk>/reactivate/", views.member_reactivate, name="member_reactivate"),
    path("invitations/<int:pk>/resend/", views.member_invitation_resend, name="member_invitation_resend"),
    path("invitations/<int:pk>/withdraw/", views.member_invitation_withdraw, name="member_invitation_withdraw"),
    path("join/<str:token>/", views.join, name="join"),
]
