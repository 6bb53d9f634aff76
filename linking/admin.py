"""Operators look links up; nothing is changed here."""

from __future__ import annotations

from django.contrib import admin

from linking.models import Invitation, InvitationMail
from partner_console.web.admin import LookUpAdmin


@admin.register(Invitation)
class InvitationAdmin(LookUpAdmin):
    """Look up a link; the secrets customers were sent exist only as hashes and have no page."""

    list_display = ("created_at", "partner", "uid", "company", "email", "state", "expires_at", "failure_code")
    list_filter = ("state", "environment", "language")
    search_fields = ("=uid", "company", "email", "crm_reference", "vendor_ticket")
    list_select_related = ("partner",)


@admin.register(InvitationMail)
class InvitationMailAdmin(LookUpAdmin):
    list_display = ("at", "kind", "to", "invitation")
    list_filter = ("kind",)
    search_fields = ("to", "=invitation__uid")
    list_select_related = ("invitation",)
