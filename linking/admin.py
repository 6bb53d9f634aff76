from __future__ import annotations

from django.contrib import admin

from partner_console.web.admin import LookUpAdmin

from .models import Invitation


@admin.register(Invitation)
class InvitationAdmin(LookUpAdmin):
    """Look up a link; its token is never shown (only its hash exists)."""

    list_display = ("created_at", "partner", "uid", "company", "email", "state", "expires_at", "failure_code")
    list_filter = ("state", "environment", "language")
    search_fields = ("=uid", "company", "email", "crm_reference", "vendor_ticket")
    list_select_related = ("partner",)
    exclude = ("token_hash",)
