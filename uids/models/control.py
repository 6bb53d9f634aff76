"""Records of freeze, shutdown, purchase control and policy changes. Append-only."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from partner_console.access.actor import Channel, who_in_words
from partner_console.audit.models import AppendOnlyModel
from uids.states import Control

from .account import LinkedAccount


class ControlChange(AppendOnlyModel):
    """One switch of one account, before and after. Rows of one action share `operation_id` and reason (design §4).

    `cause` is the master that a sub-account followed; without it, it is the account's own switch that was changed.
    Whether the cloud confirmed it is read from the command with the same operation id, not stored twice.
    """

    partner_path: ClassVar[str] = "account__partner"

    account = models.ForeignKey(LinkedAccount, models.PROTECT, related_name="control_changes")
    what = models.CharField(_("control"), max_length=20, choices=Control.choices)
    before = models.CharField(_("before"), max_length=20)
    after = models.CharField(_("after"), max_length=20)
    reason = models.TextField(_("reason"), blank=True, default="")
    method = models.CharField(_("operation method"), max_length=20, choices=Channel.choices)
    operator = models.CharField(_("operator"), max_length=254)
    operator_uid = models.CharField(_("operator UID"), max_length=20, blank=True, default="")
    # What delayed shutdown allowed before and allows now; only for changes of the policy.
    overdraft_before = models.DecimalField(_("overdraft before"), max_digits=20, decimal_places=2, null=True)
    overdraft_after = models.DecimalField(_("overdraft after"), max_digits=20, decimal_places=2, null=True)
    operation_id = models.UUIDField(_("operation"))
    undoes = models.UUIDField(_("operation taken back"), null=True)
    cause = models.ForeignKey(
        LinkedAccount, models.PROTECT, null=True, related_name="+", verbose_name=_("cause account")
    )
    at = models.DateTimeField(_("operation time"), default=timezone.now)

    class Meta(AppendOnlyModel.Meta):
        ordering = ["-at", "-pk"]
        verbose_name = _("control change")
        verbose_name_plural = _("control changes")
        indexes = [
            models.Index(fields=["account", "at", "id"], name="uids_control_account_at"),
            models.Index(fields=["operation_id", "account"], name="uids_control_operation"),
        ]

    def __str__(self) -> str:
        return f"{self.get_what_display()}: {self.before} → {self.after}"

    @property
    def who(self) -> str:
        return who_in_words(self.operator, self.method)

    @property
    def why(self) -> str:
        """The reason as it was typed; the console's own, which are stored in English, in the reader's language."""
        return gettext(self.reason) if self.reason and self.method == Channel.SYSTEM else self.reason
