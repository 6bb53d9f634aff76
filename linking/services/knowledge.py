"""What people add to the knowledge base: articles, and whether one helped (seed 000, "Internal Knowledge Base")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from linking import locks
from linking.errors import StaleArticle
from linking.knowledge import CODE
from linking.models import Invitation, KnowledgeArticle, KnowledgeVote, LinkAttempt
from partner_console.access.policy import Permission, require
from partner_console.access.scoping import get_visible_or_404
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.errors import Invalid
from uids.services.accounts import clean_line, clean_text

if TYPE_CHECKING:
    from partner_console.access.actor import Actor

TEXT_CHARACTERS = 5000


@transaction.atomic
def write_article(
    *,
    actor: Actor,
    code: str,
    version: int,
    message: str = "",
    cause: str = "",
    fix: str = "",
    solved_in_pk: int | None = None,
) -> KnowledgeArticle:
    """Write what is known about a code in the actor's partner, or change it; one article per code.

    `version` is the one the person read, 0 for a new article; `StaleArticle` when somebody wrote meanwhile. With
    `solved_in_pk` (an invitation of the partner) the person is who solved it, now. `Invalid` without cause and fix, or
    for what is no code. The same again changes and records nothing.
    """
    require(actor, Permission.LINK_INVITE)
    partner = locks.lock_partner(actor, actor.partner_pk or -1)
    given = _cleaned(code, message, cause, fix)
    solved_in = get_visible_or_404(Invitation, actor, pk=solved_in_pk) if solved_in_pk else None
    article = KnowledgeArticle.objects.filter(partner=partner, code=code).first()
    if (article.version if article else 0) != version:
        raise StaleArticle
    if article is None:
        article, before = KnowledgeArticle(partner=partner, code=code, version=0), {}
    else:
        before = article.audit_state()
    for name, value in given.items():
        setattr(article, name, value)
    if solved_in is not None:
        article.solved_in, article.solved_by_id, article.solved_at = solved_in, actor.user_pk, timezone.now()
    elif before == article.audit_state():
        return article
    article.version += 1
    article.updated_at = timezone.now()
    article.save()
    audit.record(actor, Action.ARTICLE_WRITTEN, article, before=before)
    return article


@transaction.atomic
def vote(*, actor: Actor, invitation_pk: int, code: str, helped: bool) -> KnowledgeVote:
    """Say whether what is known about a code helped with this invitation; the last word counts.

    `Invalid` for a code this invitation never had.
    """
    require(actor, Permission.LINK_INVITE)
    invitation = locks.lock_invitation(actor, invitation_pk)
    had = LinkAttempt.objects.filter(invitation=invitation, code=code).exists()
    if not code or not (had or invitation.failure_code == code):
        raise Invalid("no_such_failure", _("This invitation did not fail with that code."))
    if actor.user_pk is None:
        raise Invalid("no_person", _("Only a person can say whether it helped."))
    found, created = KnowledgeVote.objects.get_or_create(
        invitation=invitation, code=code, by_id=actor.user_pk, defaults={"helped": helped}
    )
    if created or found.helped != helped:
        found.helped, found.at = helped, timezone.now()
        found.save(update_fields=["helped", "at"])
        audit.record(actor, Action.ARTICLE_VOTED, invitation, changes={"helped": [None, helped], "code": [None, code]})
    return found


def _cleaned(code: str, message: str, cause: str, fix: str) -> dict[str, str]:
    if not CODE.match(code):
        raise Invalid(
            "no_code", _("A code has letters, digits, dots, dashes and underscores, 60 at most."), field="code"
        )
    given = {"message": clean_line(message)[:500], "cause": clean_text(cause), "fix": clean_text(fix)}
    if not given["fix"]:
        raise Invalid("no_fix", _("Say what to do: without that nobody is helped."), field="fix")
    for name in ("cause", "fix"):
        if len(given[name]) > TEXT_CHARACTERS:
            raise Invalid(
                "too_long", _("That is more than %(most)s characters.") % {"most": TEXT_CHARACTERS}, field=name
            )
    return given
