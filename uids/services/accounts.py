"""Linked accounts come to be and are edited."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from partner_console.access.models import Partner
from partner_console.access.policy import Permission, require
from partner_console.access.scoping import get_visible_or_404
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.errors import Invalid
from uids import locks
from uids.errors import AlreadyLinked, StaleVersion
from uids.models import LinkedAccount

if TYPE_CHECKING:
    from partner_console.access.actor import Actor

_NEVER_GIVEN = {"pk", "id", "partner", "trustee", "labels", "search", "version", "created_at", "updated_at"}


def clean_line(text: str) -> str:
    """One line without control and invisible characters, trimmed: what people paste looks as it is stored."""
    if text.isprintable():  # nothing to take out: most text, and imports bring a million of them
        return text.strip()
    spaced = "".join(" " if ch in "\t\r\n" else ch for ch in text)
    return "".join(ch for ch in spaced if unicodedata.category(ch) not in ("Cc", "Cs")).strip()


def clean_text(text: str) -> str:
    """Several lines, with line ends as \\n and no other control characters."""
    if text.isprintable():
        return text.strip()
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(ch for ch in lines if ch in "\n\t" or unicodedata.category(ch) not in ("Cc", "Cs")).strip()


def validate(account: LinkedAccount) -> None:
    """Model validation as `Invalid` naming the first wrong field. Uniqueness is the database's word."""
    try:
        account.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Invalid("invalid", messages[0], field=field, data={"errors": error.message_dict}) from error


@transaction.atomic
def create_account(
    *,
    actor: Actor,
    partner_pk: int,
    uid: str,
    account_type: int,
    action: Action = Action.ACCOUNT_LINKED,
    note: str = "",
    **fields: Any,
) -> LinkedAccount:
    """A new linked account in the caller's transaction; `fields` are LinkedAccount's own, by name.

    Raises `AlreadyLinked` (409, code `already_linked`, `data["here"]`) while any partner has a live link to the UID,
    and `Invalid` naming the field. Opening its quota and linking at the cloud are the caller's.
    """
    require(actor, Permission.UID_IMPORT)
    if wrong := _NEVER_GIVEN & fields.keys():
        msg = f"create_account sets these itself: {sorted(wrong)}"
        raise TypeError(msg)
    partner = get_visible_or_404(Partner, actor, pk=partner_pk)
    for name in ("nickname", "business_manager"):
        fields[name] = clean_line(fields.get(name, ""))
    fields["remarks"] = clean_text(fields.get("remarks", ""))
    account = LinkedAccount(partner=partner, uid=uid, account_type=account_type, **fields)
    validate(account)
    _ensure_free(account)
    try:
        with transaction.atomic():
            account.save(force_insert=True)
    except IntegrityError as error:
        # Somebody linked it between the look and the insert: the constraint decided.
        _ensure_free(account)
        raise Invalid("invalid", str(error)) from error
    filled = {name: value for name, value in account.audit_state().items() if value not in ("", None, False)}
    audit.record(actor, action, account, changes=audit.difference({}, filled), note=note)
    return account


def _ensure_free(account: LinkedAccount) -> None:
    """Looks across all partners on purpose: a UID has one live link anywhere; only “here or elsewhere” is told."""
    if not account.is_live:
        return
    holder = LinkedAccount.objects.live().filter(uid=account.uid).values_list("partner_id", flat=True).first()
    if holder is not None:
        raise AlreadyLinked(account.uid, here=holder == account.partner_id)


@transaction.atomic
def edit_account(
    *, actor: Actor, account_pk: int, version: int, nickname: str, business_manager: str, remarks: str
) -> LinkedAccount:
    """Set the three texts the partner keeps about an account. The same values again change and record nothing.

    Limits are the cloud's, in UTF-8 bytes: nickname 150, remarks 3000 (acpn.md §3.1). A changed business manager
    needs its own permission. Stale `version` → `StaleVersion` with both sides; an ended relationship → `NotLive`.
    """
    require(actor, Permission.UID_EDIT)
    account = locks.lock_live_account(actor, account_pk)
    yours = {
        "nickname": clean_line(nickname),
        "business_manager": clean_line(business_manager),
        "remarks": clean_text(remarks),
    }
    theirs = {name: getattr(account, name) for name in yours}
    if yours == theirs:
        return account
    if yours["business_manager"] != theirs["business_manager"]:
        require(actor, Permission.UID_EDIT_MANAGER)
    if version != account.version:
        raise StaleVersion(yours=yours, theirs=theirs, version=account.version)
    before = account.audit_state()
    for name, value in yours.items():
        setattr(account, name, value)
    validate(account)
    account.version += 1
    account.updated_at = timezone.now()
    account.save(update_fields=[*yours, "version", "updated_at"])
    audit.record(actor, Action.ACCOUNT_EDITED, account, before=before)
    return account
