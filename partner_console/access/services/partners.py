"""Partners: created by the platform, settings changed by their owners."""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from partner_console.access.locks import lock_partner
from partner_console.access.models import Partner
from partner_console.access.policy import PartnerKind, Permission, require
from partner_console.audit.actions import Action
from partner_console.audit.services import record
from partner_console.errors import Conflict, Invalid

if TYPE_CHECKING:
    from partner_console.access.actor import Actor

EDITABLE = (
    "name", "language", "time_zone", "domain", "contact", "alert_recipients", "invitation_days", "increase_is_red",
    "quiet_from", "quiet_until",
)  # fmt: skip


@transaction.atomic
def create_partner(
    *,
    actor: Actor,
    code: str,
    name: str,
    kind: PartnerKind,
    master_uid: str,
    parent: Partner | None = None,
    **fields: Any,
) -> Partner:
    """Make a partner, with what `settings.PARTNER_STARTERS` give it.

    `Invalid` names the field; a second-tier partner's parent must be a distributor.
    """
    require(actor, Permission.PLATFORM)
    if parent is not None and parent.kind != PartnerKind.DISTRIBUTOR:
        raise Invalid("parent_not_distributor", _("Only a distributor has second-tier resellers."), field="parent")
    partner = Partner(code=code, name=name, kind=kind, master_uid=master_uid, parent=parent, **fields)
    validate(partner)
    partner.save()
    record(actor, Action.PARTNER_CREATED, partner, changes={"code": [None, code]}, partner_pk=partner.pk)
    for path in settings.PARTNER_STARTERS:
        import_string(path)(partner=partner)
    return partner


@transaction.atomic
def edit_partner(*, actor: Actor, version: int, **fields: Any) -> Partner:
    """Change the own partner's settings. A stale `version` is a Conflict that carries both values."""
    require(actor, Permission.PARTNER_EDIT)
    partner = lock_partner(actor, actor.partner_pk or 0)
    if partner.version != version:
        theirs = {name: getattr(partner, name) for name in EDITABLE}
        raise Conflict(
            "stale_version",
            _("Somebody changed these settings while you were editing. Look at both versions and save again."),
            data={"yours": fields, "theirs": theirs, "version": partner.version},
        )
    before = partner.audit_state()
    for name in EDITABLE:
        if name in fields:
            setattr(partner, name, fields[name])
    partner.version += 1
    partner.updated_at = timezone.now()
    validate(partner)
    partner.save(update_fields=[*EDITABLE, "version", "updated_at"])
    record(actor, Action.PARTNER_EDITED, partner, before=before, partner_pk=partner.pk)
    return partner


def validate(partner: Partner) -> None:
    """Model rules and a real time zone; `Invalid` names the first field at fault."""
    if partner.time_zone not in zoneinfo.available_timezones():
        raise Invalid("unknown_zone", _("That is not a time zone name, such as Asia/Singapore."), field="time_zone")
    if (partner.quiet_from is None) is not (partner.quiet_until is None):
        missing = "quiet_from" if partner.quiet_from is None else "quiet_until"
        raise Invalid("quiet_hours_half", _("Quiet hours have a beginning and an end, or neither."), field=missing)
    if partner.quiet_from is not None and partner.quiet_from == partner.quiet_until:
        raise Invalid("quiet_hours_empty", _("Quiet hours end at another time than they begin."), field="quiet_until")
    try:
        partner.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Invalid("invalid", messages[0], field="" if field == "__all__" else field) from error
