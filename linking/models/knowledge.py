"""What failed, what was known about it, and whether that helped."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from linking.models.invitation import Invitation
from partner_console.access.models import Partner, User
from partner_console.access.scoping import PartnerScoped


class LinkAttempt(PartnerScoped):
    """One round at the cloud: what was asked, and how it ended. Compared when a later round works."""

    partner_path: ClassVar[str] = "invitation__partner"

    invitation = models.ForeignKey(Invitation, models.PROTECT, related_name="link_attempts")
    round = models.PositiveSmallIntegerField(_("round"))
    asked = models.JSONField(default=dict)
    # Empty: it worked.
    code = models.CharField(_("code"), max_length=60, blank=True, default="")
    message = models.CharField(_("message"), max_length=500, blank=True, default="")
    ended_at = models.DateTimeField(_("ended at"), default=timezone.now)

    class Meta:
        ordering = ["invitation", "round"]
        verbose_name = _("attempt to link")
        verbose_name_plural = _("attempts to link")
        constraints = [models.UniqueConstraint(fields=["invitation", "round"], name="linking_attempt_once")]
        indexes = [
            models.Index(fields=["code", "-ended_at", "-id"], name="linking_attempt_code", condition=~Q(code=""))
        ]

    def __str__(self) -> str:
        return f"{self.invitation_id} · {self.round}: {self.code or 'ok'}"


class KnowledgeArticle(PartnerScoped):
    """What a partner wrote about a failure code. The codes everybody knows are in linking/known_codes.py; an article
    of the same code adds to them."""

    partner_path: ClassVar[str] = "partner"

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    code = models.CharField(_("code"), max_length=60)
    message = models.CharField(_("message"), max_length=500, blank=True, default="")
    cause = models.TextField(_("cause"), blank=True, default="")
    fix = models.TextField(_("fix"), blank=True, default="")
    # Who found the fix, which need not be who wrote it down.
    solved_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    solved_at = models.DateTimeField(_("solved at"), null=True, blank=True)
    solved_in = models.ForeignKey(Invitation, models.PROTECT, null=True, blank=True, related_name="+")
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["code", "pk"]
        verbose_name = _("knowledge article")
        verbose_name_plural = _("knowledge articles")
        constraints = [models.UniqueConstraint(fields=["partner", "code"], name="linking_article_once")]

    def __str__(self) -> str:
        return self.code

    def audit_state(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message, "cause": self.cause, "fix": self.fix}


class KnowledgeVote(PartnerScoped):
    """Whether what is known about a code helped one person with one invitation; the last word counts."""

    partner_path: ClassVar[str] = "invitation__partner"

    invitation = models.ForeignKey(Invitation, models.PROTECT, related_name="knowledge_votes")
    code = models.CharField(_("code"), max_length=60)
    helped = models.BooleanField(_("helped"))
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = _("vote on an article")
        verbose_name_plural = _("votes on articles")
        constraints = [models.UniqueConstraint(fields=["invitation", "code", "by"], name="linking_vote_once")]
        indexes = [models.Index(fields=["code"], name="linking_vote_code")]

    def __str__(self) -> str:
        return f"{self.code}: {self.helped}"
