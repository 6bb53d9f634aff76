from __future__ import annotations

from django.contrib import admin

from partner_console.web.admin import LookUpAdmin

from .models import ControlChange, Label, LinkedAccount, SavedView, ScheduledControl


@admin.register(LinkedAccount)
class LinkedAccountAdmin(LookUpAdmin):
    list_display = (
        "uid",
        "nickname",
        "partner",
        "account_type",
        "relationship",
        "payg_frozen",
        "purchase_control",
        "linked_at",
    )
    list_filter = ("relationship", "account_type", "payg_frozen", "purchase_control", "shutdown_policy", "environment")
    search_fields = ("=uid", "nickname", "email", "login_name")
    list_select_related = ("partner",)
    raw_id_fields = ("partner", "trustee", "labels")


@admin.register(ControlChange)
class ControlChangeAdmin(LookUpAdmin):
    list_display = ("at", "account", "what", "before", "after", "method", "operator", "reason")
    list_filter = ("what", "method")
    search_fields = ("=account__uid", "operator", "operation_id")
    list_select_related = ("account",)


@admin.register(ScheduledControl)
class ScheduledControlAdmin(LookUpAdmin):
    list_display = ("account", "partner", "what", "value", "starts_at", "ends_at", "due_at", "state", "operator")
    list_filter = ("state", "what")
    search_fields = ("=account__uid", "operator", "operation_id")
    list_select_related = ("account", "partner")


@admin.register(Label)
class LabelAdmin(LookUpAdmin):
    list_display = ("name", "partner", "created_at")
    search_fields = ("name", "partner__code")
    list_select_related = ("partner",)


@admin.register(SavedView)
class SavedViewAdmin(LookUpAdmin):
    list_display = ("name", "partner", "user", "is_shared", "is_default")
    list_filter = ("is_shared",)
    search_fields = ("name", "user__email", "partner__code")
    list_select_related = ("partner", "user")
