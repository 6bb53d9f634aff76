from __future__ import annotations

from django.contrib import admin

from partner_console.web.admin import LookUpAdmin

from .models import (
    AccountImport,
    Boost,
    CreditAccount,
    CustomerAlert,
    DailyFlow,
    ImportRow,
    LedgerEntry,
    QuotaBatch,
    QuotaBatchRow,
    ReleaseFeed,
    RollUp,
    RuleRefresh,
    ShutdownNotice,
    SilentFeed,
    UsageFeed,
    Warning,
    WarningLine,
    WarningRule,
    WarningSettings,
)


@admin.register(CreditAccount)
class CreditAccountAdmin(LookUpAdmin):
    """Money: read-only here as everywhere but in the ledger's service."""

    list_display = (
        "account",
        "partner",
        "amount",
        "deducted",
        "undeducted",
        "available",
        "warning_percent",
        "in_alarm",
        "stop_line",
        "is_stopped",
        "stop_due",
    )
    list_filter = ("in_alarm", "is_stopped", "stop_due")
    search_fields = ("=account__uid", "account__nickname")
    list_select_related = ("account", "partner")


@admin.register(LedgerEntry)
class LedgerEntryAdmin(LookUpAdmin):
    list_display = ("at", "credit", "seq", "kind", "before", "value", "after", "method", "operator")
    list_filter = ("kind", "method")
    search_fields = ("=credit__account__uid", "operator", "=idempotency_key")
    list_select_related = ("credit",)


@admin.register(Warning)
class WarningAdmin(LookUpAdmin):
    list_display = ("fired_at", "credit", "partner", "percent", "available", "mailed_at", "recovered_at")
    search_fields = ("=credit__account__uid",)
    list_select_related = ("credit", "partner")


@admin.register(WarningLine)
class WarningLineAdmin(LookUpAdmin):
    list_display = ("crossed_at", "credit", "partner", "kind", "value", "line", "recovered_at")
    list_filter = ("kind",)
    search_fields = ("=credit__account__uid",)
    list_select_related = ("credit", "partner")


@admin.register(WarningRule)
class WarningRuleAdmin(LookUpAdmin):
    list_display = ("partner", "label", "credit", "kind", "value", "updated_at")
    list_filter = ("kind",)
    search_fields = ("partner__code", "label__name", "=credit__account__uid")
    list_select_related = ("partner", "label", "credit")


@admin.register(RuleRefresh)
class RuleRefreshAdmin(LookUpAdmin):
    list_display = ("partner", "n_done", "n_rows", "n_changed", "started_at", "finished_at")
    search_fields = ("partner__code",)
    list_select_related = ("partner",)


@admin.register(UsageFeed)
class UsageFeedAdmin(LookUpAdmin):
    list_display = ("partner", "read_until", "checked_at", "failing_since", "failure")
    search_fields = ("partner__code", "partner__name")
    list_select_related = ("partner",)


@admin.register(SilentFeed)
class SilentFeedAdmin(LookUpAdmin):
    list_display = ("partner", "since", "noticed_at", "mailed_at", "recovered_at")
    search_fields = ("partner__code", "partner__name")
    list_select_related = ("partner",)


@admin.register(CustomerAlert)
class CustomerAlertAdmin(LookUpAdmin):
    """The customer's own: looked up, never set for them."""

    list_display = ("credit", "partner", "is_on", "amount", "email", "confirmed_at", "pending_email")
    list_filter = ("is_on",)
    search_fields = ("=credit__account__uid", "email")
    list_select_related = ("credit__account", "partner")
    exclude = ("code_digest",)


@admin.register(WarningSettings)
class WarningSettingsAdmin(LookUpAdmin):
    list_display = ("partner", "mailing", "digest_hour", "digested_on")
    list_filter = ("mailing",)
    search_fields = ("partner__code", "partner__name")
    list_select_related = ("partner",)


@admin.register(Boost)
class BoostAdmin(LookUpAdmin):
    list_display = ("started_at", "credit", "amount", "until", "state", "operator", "ended_at", "returned")
    list_filter = ("state",)
    search_fields = ("=credit__account__uid", "operator", "operation_id")
    list_select_related = ("credit",)


@admin.register(AccountImport)
class AccountImportAdmin(LookUpAdmin):
    list_display = ("created_at", "partner", "user", "file_name", "state", "n_rows", "n_done")
    list_filter = ("state",)
    search_fields = ("file_name", "partner__code", "user__email")
    list_select_related = ("partner", "user")
    exclude = ("file",)


@admin.register(ImportRow)
class ImportRowAdmin(LookUpAdmin):
    list_display = ("job", "number", "uid", "verdict", "reason")
    list_filter = ("verdict",)
    search_fields = ("=job__pk", "=uid", "reason")
    list_select_related = ("job",)


@admin.register(QuotaBatch)
class QuotaBatchAdmin(LookUpAdmin):
    list_display = ("created_at", "partner", "title", "user", "state", "n_rows", "attempts")
    list_filter = ("state",)
    search_fields = ("title", "partner__code", "user__email", "=operation_id")
    list_select_related = ("partner", "user")
    exclude = ("source",)


@admin.register(QuotaBatchRow)
class QuotaBatchRowAdmin(LookUpAdmin):
    list_display = ("batch", "number", "uid", "before", "after", "verdict", "outcome", "reason")
    list_filter = ("verdict", "outcome")
    search_fields = ("=batch__pk", "=uid", "reason")
    list_select_related = ("batch",)


@admin.register(DailyFlow)
class DailyFlowAdmin(LookUpAdmin):
    list_display = ("day", "credit", "quota", "used", "settled", "refunded", "written_off", "synced")
    search_fields = ("=credit__account__uid",)
    list_select_related = ("credit",)


@admin.register(RollUp)
class RollUpAdmin(LookUpAdmin):
    list_display = ("mark", "seen", "seen_at", "filled_at", "used_on")


@admin.register(ShutdownNotice)
class ShutdownNoticeAdmin(LookUpAdmin):
    list_display = ("at", "credit", "partner", "kind", "available", "stopped_at", "mailed_at", "is_moot")
    list_filter = ("kind", "is_moot")
    search_fields = ("=credit__account__uid",)
    list_select_related = ("credit", "partner")


@admin.register(ReleaseFeed)
class ReleaseFeedAdmin(LookUpAdmin):
    list_display = ("membership", "created_at")
    search_fields = ("membership__user__email", "membership__partner__code")
    list_select_related = ("membership__user", "membership__partner")
    exclude = ("token_hash",)
