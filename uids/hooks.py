"""What other apps do when labels, switches or masters of accounts change: found by name, so that uids knows no app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.module_loading import import_string

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from partner_console.access.actor import Actor
    from uids.states import Control

# Called with the caller's transaction open and the accounts (or the label) locked; each is set-based.
AFTER_LABELLING = ("quota.services.lines.follow_labels",)
BEFORE_REMOVING_A_LABEL = ("quota.services.lines.label_leaves",)

# Called with the accounts locked and changed; they may lock credit accounts, which come after (docs/locking.md).
CONTROLS_CHANGED: tuple[str, ...] = ("quota.services.stop_lines.controls_changed",)
TRUSTEE_CHANGED: tuple[str, ...] = ("quota.services.stop_lines.trustee_changed",)
ACCOUNT_ENDED: tuple[str, ...] = ("quota.services.stop_lines.account_ended",)


def controls_changed(
    *, actor: Actor, account_pks: Sequence[int], what: Control, reason: str, operation_id: uuid.UUID
) -> None:
    """One switch of these accounts was set anew; their sub-accounts follow by reference and are not named."""
    values = {"account_pks": account_pks, "what": what, "reason": reason, "operation_id": operation_id}
    _call(CONTROLS_CHANGED, actor=actor, **values)


def trustee_changed(
    *,
    actor: Actor,
    account_pk: int,
    former_pk: int | None,
    trustee_pk: int | None,
    reason: str,
    operation_id: uuid.UUID,
) -> None:
    """Another account holds this one's money now, or none does any more; all three are locked."""
    masters = {"former_pk": former_pk, "trustee_pk": trustee_pk}
    _call(TRUSTEE_CHANGED, actor=actor, account_pk=account_pk, reason=reason, operation_id=operation_id, **masters)


def account_ended(*, actor: Actor, account_pk: int) -> None:
    """The relationship is over, or its contact data forgotten; the account is locked."""
    _call(ACCOUNT_ENDED, actor=actor, account_pk=account_pk)


def labels_changed(*, actor: Actor, account_pks: Sequence[int]) -> None:
    """Labels were put on, or taken off, these accounts."""
    _call(AFTER_LABELLING, actor=actor, account_pks=account_pks)


def label_leaves(*, actor: Actor, label_pk: int) -> None:
    """This label is about to be taken off all accounts and removed."""
    _call(BEFORE_REMOVING_A_LABEL, actor=actor, label_pk=label_pk)


def _call(names: Sequence[str], **values: Any) -> None:
    for name in names:
        import_string(name)(**values)
