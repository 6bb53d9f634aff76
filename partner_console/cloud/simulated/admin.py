from __future__ import annotations

from django.contrib import admin

from partner_console.web.admin import LookUpAdmin

from .models import SimAccount, SimFault, SimInstance, SimLink, SimPlay


@admin.register(SimAccount)
class SimAccountAdmin(LookUpAdmin):
    list_display = ("uid", "partner_uid", "email", "amount", "deducted", "undeducted", "payg_frozen", "changed_at")
    list_filter = ("payg_frozen", "shutdown_policy")
    search_fields = ("uid", "partner_uid", "email")


@admin.register(SimInstance)
class SimInstanceAdmin(LookUpAdmin):
    list_display = ("name", "account", "kind", "state", "price", "renews", "started_at", "ends_at")
    list_filter = ("kind", "state")
    list_select_related = ("account",)
    search_fields = ("name", "account__uid")


@admin.register(SimPlay)
class SimPlayAdmin(LookUpAdmin):
    list_display = ("created_at", "asked_by", "hours", "played", "state", "error")
    list_filter = ("state",)


@admin.register(SimLink)
class SimLinkAdmin(LookUpAdmin):
    list_display = ("reference", "uid", "partner_uid", "progress", "code", "at")
    list_filter = ("progress",)
    search_fields = ("reference", "uid", "partner_uid")


@admin.register(SimFault)
class SimFaultAdmin(LookUpAdmin):
    list_display = ("operation", "uid", "kind", "code", "remaining")
    list_filter = ("kind", "operation")
    search_fields = ("uid", "code")
