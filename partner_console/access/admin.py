"""Operators look up partners and people; partners and users change through services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from post_office.models import EmailTemplate

from partner_console.web.admin import LookUpAdmin

from . import services
from .actor import operator_actor
from .models import MemberInvitation, Membership, Partner, User

if TYPE_CHECKING:
    from django.http import HttpRequest

admin.site.unregister(Group)  # roles are in the policy table, not in groups
admin.site.unregister(EmailTemplate)  # our texts are files; its page loads an editor from elsewhere


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
