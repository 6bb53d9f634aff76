"""Operators look links up; nothing is changed here."""

from __future__ import annotations

from django.contrib import admin

from linking.models import (
    BatchRow,
    ChecklistItem,
    ChecklistTick,
    ConsentReceipt,
    CustomerCode,
    CustomerSession,
    Grant,
    Invitation,
    InvitationMail,
    KnowledgeArticle,
    KnowledgeVote,
    LinkAttempt,
    LinkBatch,
    LinkCheck,
    PermissionTemplate,
    TemplateVersion,
    Termination,
    VisitCount,
)
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


@admin.register(LinkAttempt)
class LinkAttemptAdmin(LookUpAdmin):
    list_display = ("ended_at", "invitation", "round", "code", "message")
    list_filter = ("code",)
    search_fields = ("=invitation__uid", "=code")
    list_select_related = ("invitation",)


@admin.register(ConsentReceipt)
class ConsentReceiptAdmin(LookUpAdmin):
    list_display = ("at", "invitation", "language", "digest")
    list_filter = ("language",)
    search_fields = ("=digest", "=invitation__uid")
    list_select_related = ("invitation",)


@admin.register(CustomerCode)
class CustomerCodeAdmin(LookUpAdmin):
    """When a customer asked for a code and how often they mistyped it; the code itself exists only as a hash."""

    list_display = ("sent_at", "email", "failures", "expires_at", "used_at")
    search_fields = ("=email",)


@admin.register(PermissionTemplate)
class PermissionTemplateAdmin(LookUpAdmin):
    list_display = ("name", "partner", "is_default", "archived_at")
    list_filter = ("is_default",)
    search_fields = ("name", "partner__name")
    list_select_related = ("partner",)


@admin.register(TemplateVersion)
class TemplateVersionAdmin(LookUpAdmin):
    list_display = ("template", "number", "scopes", "days", "made_by", "made_at")
    search_fields = ("template__name",)
    list_select_related = ("template", "made_by")


@admin.register(Grant)
class GrantAdmin(LookUpAdmin):
    list_display = ("granted_at", "account", "scopes", "withdrawn", "ends_at", "ended_at", "observed_at")
    search_fields = ("=account__uid",)
    list_select_related = ("account",)


@admin.register(LinkCheck)
class LinkCheckAdmin(LookUpAdmin):
    list_display = ("account", "kind", "outcome", "checked_at", "changed_at", "next_at", "attempts")
    list_filter = ("kind", "outcome")
    search_fields = ("=account__uid",)
    list_select_related = ("account",)


@admin.register(ChecklistItem)
class ChecklistItemAdmin(LookUpAdmin):
    list_display = ("text", "partner", "position", "removed_at")
    search_fields = ("text",)
    list_select_related = ("partner",)


@admin.register(ChecklistTick)
class ChecklistTickAdmin(LookUpAdmin):
    list_display = ("at", "account", "standard", "item", "by")
    list_filter = ("standard",)
    search_fields = ("=account__uid",)
    list_select_related = ("account", "item", "by")


@admin.register(KnowledgeArticle)
class KnowledgeArticleAdmin(LookUpAdmin):
    list_display = ("code", "partner", "message", "solved_by", "solved_at", "updated_at")
    search_fields = ("=code", "message", "cause", "fix")
    list_select_related = ("partner", "solved_by")


@admin.register(KnowledgeVote)
class KnowledgeVoteAdmin(LookUpAdmin):
    list_display = ("at", "code", "invitation", "helped", "by")
    list_filter = ("helped",)
    search_fields = ("=code",)
    list_select_related = ("invitation", "by")


@admin.register(Termination)
class TerminationAdmin(LookUpAdmin):
    list_display = (
        "asked_at", "account", "side", "is_undo", "state", "answer_due_at", "unlink", "ended_at", "delete_due_at",
    )  # fmt: skip
    list_filter = ("state", "side", "is_undo")
    search_fields = ("=account__uid",)
    list_select_related = ("account", "unlink")


@admin.register(LinkBatch)
class LinkBatchAdmin(LookUpAdmin):
    list_display = ("created_at", "partner", "kind", "title", "user", "state", "n_rows", "next_at", "attempts")
    list_filter = ("kind", "state")
    search_fields = ("title", "partner__name")
    list_select_related = ("partner", "user")


@admin.register(BatchRow)
class BatchRowAdmin(LookUpAdmin):
    list_display = ("batch", "number", "uid", "company", "verdict", "outcome", "reason")
    list_filter = ("verdict", "outcome")
    search_fields = ("=uid", "company", "email")
    list_select_related = ("batch",)


@admin.register(CustomerSession)
class CustomerSessionAdmin(LookUpAdmin):
    """Who is signed in to /my/; the key in the browser exists here only as a hash."""

    list_display = ("started_at", "email", "ends_at", "ended_at")
    search_fields = ("=email",)


@admin.register(VisitCount)
class VisitCountAdmin(LookUpAdmin):
    """How many places are being held back; which, only their hash says."""

    list_display = ("until", "n")
