"""The knowledge base: what everybody knows about a code, what the partner wrote, and how often it helped."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from linking.known_codes import KNOWN, KnownCode, Topic
from linking.models import Invitation, KnowledgeArticle, KnowledgeVote, LinkAttempt
from linking.states import FailureCode, InvitationState
from partner_console.access.policy import Permission, allows, require
from partner_console.errors import NotFound

if TYPE_CHECKING:
    from datetime import timedelta

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor

CODE = re.compile(r"^[A-Za-z0-9_.\-]{1,60}$")
HISTORY = 5


@dataclass(frozen=True, slots=True)
class Known:
    """One code as the pages show it. `common` is what comes with the console, `article` what the partner wrote."""

    code: str
    common: KnownCode | None
    article: KnowledgeArticle | None
    n_helped: int = 0
    n_votes: int = 0
    n_failures: int = 0

    @property
    def title(self) -> str:
        """The shortest words for it: our own name, else the cloud's message, else the code alone."""
        if self.code in FailureCode.values:
            return str(FailureCode(self.code).label)
        message = self.common.message if self.common and self.common.message else ""
        return message or (self.article.message if self.article else "")

    @property
    def is_written(self) -> bool:
        return self.common is not None or self.article is not None

    def matches(self, words: list[str]) -> bool:
        """Every word in the code, its messages, cause or fix, in the reader's language."""
        parts: list[object] = [self.code, self.title]
        if self.common:
            parts += [self.common.message, self.common.cause, self.common.fix]
        if self.article:
            parts += [self.article.message, self.article.cause, self.article.fix]
        text = unicodedata.normalize("NFKC", " ".join(map(str, parts))).lower()
        return all(word in text for word in words)


@dataclass(frozen=True, slots=True)
class Solved:
    """A link that works now and failed before: what was different, for whoever writes it up."""

    failed: LinkAttempt
    worked: LinkAttempt
    differences: list[tuple[str, str, str]]

    @property
    def waited(self) -> timedelta:
        return self.worked.ended_at - self.failed.ended_at

    @property
    def says(self) -> str:
        """The differences as sentences, to begin an article with."""
        if not self.differences:
            return _("It worked when it was tried again, with nothing changed on our side.")
        return "\n".join(
            _("%(field)s: %(before)s → %(after)s") % {"field": field, "before": before or "—", "after": after or "—"}
            for field, before, after in self.differences
        )


def list_known(actor: Actor, *, q: str = "") -> list[tuple[Topic | None, list[Known]]]:
    """Every code that has words, by topic; those only the partner wrote about come first, under None."""
    require(actor, Permission.LINK_VIEW)
    words = unicodedata.normalize("NFKC", q).lower().split()
    articles = {one.code: one for one in _articles(actor)}
    votes, failures = _votes(actor), _failures(actor)
    found = [
        Known(code, KNOWN.get(code), articles.get(code), *votes.get(code, (0, 0)), failures[code])
        for code in (*KNOWN, *(code for code in articles if code not in KNOWN))
    ]
    shown = [one for one in found if one.matches(words) and _exists_for(actor, one)]
    groups: list[tuple[Topic | None, list[Known]]] = [
        (topic, [one for one in shown if (one.common.topic if one.common else None) == topic])
        for topic in (None, *Topic)
    ]
    return [(topic, rows) for topic, rows in groups if rows]


def _exists_for(actor: Actor, one: Known) -> bool:
    """An agency has no quota: nothing about it stands on its pages (design §2)."""
    about_quota = one.common is not None and one.common.topic == Topic.QUOTA
    return not about_quota or bool(allows(actor, Permission.QUOTA_VIEW))


def known_about(actor: Actor, code: str) -> Known:
    """What is known about one code; `NotFound` for one nobody wrote about and that never came up here."""
    require(actor, Permission.LINK_VIEW)
    article = _articles(actor).filter(code=code).first() if CODE.match(code) else None
    known = Known(code, KNOWN.get(code), article, *_votes(actor).get(code, (0, 0)), _failures(actor)[code])
    if not (known.is_written or known.n_failures) or not _exists_for(actor, known):
        raise NotFound("not_found", _("Nobody has met the code “%(code)s” here.") % {"code": code[:60]})
    return known


def latest_failures(actor: Actor, code: str) -> list[LinkAttempt]:
    """Where it came up last in this partner."""
    rows = LinkAttempt.objects.visible_to(actor).filter(code=code).select_related("invitation")
    return list(rows.order_by("-ended_at", "-pk")[:HISTORY])


def failure_of(actor: Actor, invitation: Invitation) -> Known | None:
    """What is known about why this invitation failed; None when it did not. A new code has a page, too."""
    if invitation.state != InvitationState.FAILED or not invitation.failure_code:
        return None
    require(actor, Permission.LINK_VIEW)
    code = invitation.failure_code
    article = _articles(actor).filter(code=code).first()
    return Known(code, KNOWN.get(code), article, *_votes(actor).get(code, (0, 0)), max(_failures(actor)[code], 1))


def vote_of(actor: Actor, invitation: Invitation, code: str) -> bool | None:
    """What this person said about it: True it helped, False it did not, None nothing yet."""
    votes = KnowledgeVote.objects.visible_to(actor).filter(invitation_id=invitation.pk, code=code, by_id=actor.user_pk)
    return votes.values_list("helped", flat=True).first()


def solved_by(actor: Actor, invitation: Invitation) -> Solved | None:
    """For an invitation that is linked: the failure before it, of its own or of an earlier invitation of the same
    account or address, with what differed. None when nothing had failed."""
    require(actor, Permission.LINK_VIEW)
    if invitation.state not in (InvitationState.LINKED, InvitationState.VERIFIED):
        return None
    attempts = LinkAttempt.objects.visible_to(actor)
    worked = attempts.filter(invitation_id=invitation.pk, code="").order_by("-round").first()
    if worked is None:
        return None
    same = Q(invitation_id=invitation.pk) | Q(invitation__uid=invitation.uid, invitation__uid__gt="")
    if invitation.email:
        same |= Q(invitation__email__iexact=invitation.email)
    earlier = attempts.filter(same, ended_at__lt=worked.ended_at).exclude(code="")
    failed = earlier.order_by("-ended_at", "-pk").first()
    return Solved(failed, worked, differences(failed.asked, worked.asked)) if failed else None


def article_of(actor: Actor, code: str) -> KnowledgeArticle | None:
    """What the partner wrote about a code."""
    require(actor, Permission.LINK_VIEW)
    return _articles(actor).filter(code=code).first()


def draft(code: str, article: KnowledgeArticle | None, solved: Solved | None) -> dict[str, Any]:
    """What the form begins with: what stands there, and what differed when a link came to work."""
    common = KNOWN.get(code)
    begun = {
        "message": article.message if article else "",
        "cause": article.cause if article else str(common.cause) if common else "",
        "fix": article.fix if article else "",
        "version": article.version if article else 0,
        "solved_in": solved.worked.invitation_id if solved else None,
    }
    if solved is not None:
        begun["message"] = begun["message"] or solved.failed.message
        begun["fix"] = f"{begun['fix']}\n{solved.says}".strip()
    return begun


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(field in words, then, now) of what was asked differently."""
    found = []
    for name in before | after:
        old, new = _shown(name, before.get(name)), _shown(name, after.get(name))
        if old != new:
            label = str(getattr(Invitation._meta.get_field(name), "verbose_name", name))
            found.append((label[:1].upper() + label[1:], old, new))
    return found


def _shown(name: str, value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_shown(name, one) for one in value)
    field = Invitation._meta.get_field(name)
    choices = dict(getattr(getattr(field, "base_field", field), "flatchoices", ()))
    return str(choices.get(value, "" if value is None else value))


def _articles(actor: Actor) -> QuerySet[KnowledgeArticle]:
    return KnowledgeArticle.objects.visible_to(actor).select_related("solved_by", "solved_in").order_by("code", "pk")


def _votes(actor: Actor) -> dict[str, tuple[int, int]]:
    """By code: how many said it helped, and how many said anything."""
    rows = KnowledgeVote.objects.visible_to(actor).values("code").order_by("code")
    counted = rows.annotate(n_helped=Count("pk", filter=Q(helped=True)), n_votes=Count("pk"))
    return {row["code"]: (row["n_helped"], row["n_votes"]) for row in counted}


def _failures(actor: Actor) -> Counter[str]:
    rows = LinkAttempt.objects.visible_to(actor).exclude(code="").values("code").order_by("code")
    return Counter({row["code"]: row["n"] for row in rows.annotate(n=Count("pk"))})
