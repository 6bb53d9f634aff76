from __future__ import annotations

from django.contrib import admin

from partner_console.web.admin import LookUpAdmin

from .models import Approval, ApprovalRule


@admin.register(Approval)
class ApprovalAdmin(LookUpAdmin):
    list_display = (
        "asked_at",
        "partner",
        "action",
        "subject_label",
        "state",
        "asked_by",
        "decided_by",
        "is_break_glass",
    )
    list_filter = ("state", "action", "is_break_glass")
    search_fields = ("subject_label", "asked_by__email")
    list_select_related = ("partner", "asked_by", "decided_by")
    exclude = ("blind_answer",)  # whoever looks here may be asked to type it


@admin.register(ApprovalRule)
class ApprovalRuleAdmin(LookUpAdmin):
    list_display = ("partner", "action", "when", "amount_from", "is_for_sensitive", "is_for_sandbox", "updated_at")
    list_filter = ("action", "when")
    list_select_related = ("partner",)
