from __future__ import annotations

from django.contrib import admin

from partner_console.web.admin import LookUpAdmin

from .models import AuditEntry


@admin.register(AuditEntry)
class AuditEntryAdmin(LookUpAdmin):
    """The trail: read, never written."""

    list_display = ("at", "partner", "actor_label", "channel", "action", "subject_label", "note")
    list_filter = ("channel", "action")
    search_fields = ("subject_label", "actor_label", "request_id", "operation_id")
    list_select_related = ("partner",)
    date_hierarchy = None
