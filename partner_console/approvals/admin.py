from __future__ import annotations

from django.contrib import admin

from partner_console.web.admin import LookUpAdmin

from .models import Approval


@admin.register(Approval)
class ApprovalAdmin(LookUpAdmin):
    list_display = ("asked_at", "partner", "action", "subject_label", "state", "asked_by", "decided_by")
    list_filter = ("state", "action")
    search_fields = ("subject_label", "asked_by__email")
    list_select_related = ("partner", "asked_by", "decided_by")
