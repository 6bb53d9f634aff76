"""Operators look up partners, people and the mail sent to them; everything changes through services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin, messages
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from post_office.models import STATUS, Email, Log

from partner_console.web.admin import LookUpAdmin
from partner_console.web.mail import send_again

from . import services
from .actor import operator_actor
from .models import MemberInvitation, Membership, Partner, User

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet
    from django.http import HttpRequest


class PartnerAdminForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's admin wants a ModelForm
    class Meta:
        model = Partner
        fields = (
            "code", "name", "kind", "master_uid", "parent", "currency", "time_zone", "language", "contract_countries",
            "domain", "contact", "alert_recipients", "warning_percent", "invitation_days",
        )  # fmt: skip


@admin.register(Partner)
class PartnerAdmin(LookUpAdmin):
    """Adding goes through `create_partner`; settings belong to the partner's owners."""

    form = PartnerAdminForm
    list_display = ("name", "code", "kind", "parent", "master_uid", "language", "is_active")
    list_filter = ("kind", "is_active", "language")
    search_fields = ("name", "code", "master_uid")
    list_select_related = ("parent",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super(LookUpAdmin, self).has_add_permission(request)

    def save_model(self, request: HttpRequest, obj: Partner, form: forms.ModelForm[Partner], change: bool) -> None:  # noqa: FBT001 Django's signature
        user = request.user
        if isinstance(user, User):
            created = services.create_partner(actor=operator_actor(user), **form.cleaned_data)
            obj.pk = created.pk


@admin.register(User)
class UserAdmin(LookUpAdmin):
    list_display = ("email", "name", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff", "language")
    search_fields = ("email", "name")
    exclude = ("password", "user_permissions", "groups")


@admin.register(Membership)
class MembershipAdmin(LookUpAdmin):
    list_display = ("user", "partner", "role", "ram_uid", "is_active")
    list_filter = ("role", "is_active")
    search_fields = ("user__email", "user__name", "partner__code", "partner__name", "ram_uid")
    list_select_related = ("user", "partner")


@admin.register(MemberInvitation)
class MemberInvitationAdmin(LookUpAdmin):
    list_display = ("email", "partner", "role", "expires_at", "accepted_at", "withdrawn_at")
    list_filter = ("role",)
    search_fields = ("email", "partner__code")
    list_select_related = ("partner",)
    exclude = ("token_hash",)


@admin.register(Authenticator)
class AuthenticatorAdmin(LookUpAdmin):
    """Who signs in with what. Removing one is the rescue of somebody who lost a phone; its secret has no page."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    search_fields = ("user__email", "user__name")
    list_select_related = ("user",)
    exclude = ("data",)
    actions = None  # one person at a time, each on the trail

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super(LookUpAdmin, self).has_delete_permission(request, obj)

    def delete_model(self, request: HttpRequest, obj: Authenticator) -> None:
        user = request.user
        if isinstance(user, User):
            services.remove_second_factor(actor=operator_actor(user), authenticator_pk=obj.pk)


@admin.register(UserSession)
class UserSessionAdmin(LookUpAdmin):
    """Where people are signed in. Its key would be a way in, so it has no page."""

    list_display = ("user", "created_at", "last_seen_at", "ip", "user_agent")
    search_fields = ("user__email", "user__name", "ip")
    list_select_related = ("user",)
    exclude = ("session_key", "data")


class MailAttempts(admin.TabularInline):  # type: ignore[type-arg]  # generic over both models
    model = Log
    fields = readonly_fields = ("date", "status", "exception_type", "message")
    can_delete = False
    max_num = 0


@admin.register(Email)
class MailAdmin(LookUpAdmin):
    """The stored queue: who was written to, whether it went out, why not. What a mail says has no page here: the links
    in it let whoever follows them join a partner or answer for a customer."""

    change_form_template = "admin/change_form.html"  # the package's own offers sending again by a GET
    list_display = ("created", "to", "subject", "status", "number_of_retries", "last_updated")
    list_filter = ("status",)
    search_fields = ("to", "subject")
    fields = ("from_email", "to", "subject", "status", "number_of_retries", "created", "last_updated",
              "scheduled_time", "message_id", "headers")  # fmt: skip
    inlines = (MailAttempts,)
    actions = ("queue_again",)

    @admin.action(description=gettext_lazy("Send failed mails again"), permissions=["view"])
    def queue_again(self, request: HttpRequest, queryset: QuerySet[Email]) -> None:
        user = request.user
        if isinstance(user, User):
            failed = list(queryset.filter(status=STATUS.failed).values_list("pk", flat=True))
            count = send_again(actor=operator_actor(user), mail_pks=failed)
            said = ngettext("%(count)s mail is sent again.", "%(count)s mails are sent again.", count)
            level = messages.SUCCESS if count else messages.WARNING
            messages.add_message(request, level, said % {"count": count} if count else _("None of them had failed."))
