from __future__ import annotations

from django.contrib import admin

from partner_console.web.admin import LookUpAdmin

from .models import CloudCommand


@admin.register(CloudCommand)
class CloudCommandAdmin(LookUpAdmin):
    """What was asked of the cloud. Retrying is on the console's own page, through its service."""

    list_display = ("created_at", "partner", "uid", "operation", "state", "attempts", "vendor_code", "asked_by")
    list_filter = ("state", "operation")
    search_fields = ("uid", "vendor_code", "operation_id", "asked_by")
    list_select_related = ("partner",)
