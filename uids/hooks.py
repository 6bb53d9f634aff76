"""What other apps do when labels of accounts change: found by name, so that uids knows nothing of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partner_console.access.actor import Actor

# Called with the caller's transaction open and the accounts (or the label) locked; each is set-based.
AFTER_LABELLING = ("quota.services.lines.follow_labels",)
BEFORE_REMOVING_A_LABEL = ("quota.services.lines.label_leaves",)


def labels_changed(*, actor: Actor, account_pks: Sequence[int]) -> None:
    """Labels were put on, or taken off, these accounts."""
    _call(AFTER_LABELLING, actor=actor, account_pks=account_pks)


def label_leaves(*, actor: Actor, label_pk: int) -> None:
    """This label is about to be taken off all accounts and removed."""
    _call(BEFORE_REMOVING_A_LABEL, actor=actor, label_pk=label_pk)


def _call(names: Sequence[str], **values: Any) -> None:
    for name in names:
        import_string(name)(**values)
