"""The knowledge base: search, one code, writing about it, and whether it helped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from linking import knowledge, selectors
from linking.knowledge_forms import ArticleForm, NewCodeForm, VoteForm
from linking.known_codes import KNOWN
from linking.services import knowledge as services
from partner_console.access.policy import Permission, allows, require
from partner_console.errors import DomainError, Invalid
from partner_console.web.forms import add_domain_error, posted
from partner_console.web.htmx import render_page, see_other

if TYPE_CHECKING:
    from django.http import HttpResponse

    from linking.knowledge import Known
    from linking.models import Invitation
    from partner_console.access.actor import Actor
    from partner_console.access.middleware import ActorRequest


@require_GET
def knowledge_list(request: ActorRequest) -> HttpResponse:
    """`/knowledge/`: every code that has words, searched as one types."""
    q = request.GET.get("q", "").strip()[:200]
    groups = knowledge.list_known(request.actor, q=q)
    context = {
        "q": q,
        "groups": groups,
        "n_found": sum(len(rows) for _topic, rows in groups),
        "may_write": allows(request.actor, Permission.LINK_INVITE),
    }
    return render_page(request, "linking/knowledge_list.html", context, fragment="results")


@require_GET
def knowledge_article(request: ActorRequest, code: str) -> HttpResponse:
    """`/knowledge/<code>/`: what everybody knows, what we wrote, where it came up last."""
    context = {
        "known": knowledge.known_about(request.actor, code),
        "failures": knowledge.latest_failures(request.actor, code),
        "may_write": allows(request.actor, Permission.LINK_INVITE),
    }
    return render(request, "linking/knowledge_article.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def knowledge_new(request: ActorRequest) -> HttpResponse:
    """A code nobody wrote about: first its name, then the article."""
    require(request.actor, Permission.LINK_INVITE)
    form = NewCodeForm(posted(request))
    if form.is_valid():
        return see_other(request, reverse("linking:knowledge_edit", args=[form.cleaned_data["code"]]))
    return render(request, "linking/knowledge_new.html", {"form": form}, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def knowledge_edit(request: ActorRequest, code: str) -> HttpResponse:
    """Write or change the partner's article; from a link that works now, with what differed filled in."""
    require(request.actor, Permission.LINK_INVITE)
    if not knowledge.CODE.match(code):
        raise Invalid("no_code", _("This is no code."))
    article = knowledge.article_of(request.actor, code)
    solved = _solved_in(request)
    form = ArticleForm(posted(request), initial=knowledge.draft(code, article, solved))
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        given["solved_in_pk"] = given.pop("solved_in")
        try:
            services.write_article(actor=request.actor, code=code, **given)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Saved. Colleagues see it wherever %(code)s comes up.") % {"code": code})
            return see_other(request, reverse("linking:knowledge_article", args=[code]))
    context = {"form": form, "code": code, "common": KNOWN.get(code), "article": article, "solved": solved}
    return render(request, "linking/knowledge_edit.html", context, status=422 if form.is_bound else 200)


@require_POST
def invitation_vote(request: ActorRequest, pk: int) -> HttpResponse:
    """[It helped] / [It did not]."""
    form = VoteForm(request.POST)
    invitation = selectors.get_invitation(request.actor, pk)
    require(request.actor, Permission.LINK_INVITE)
    if not form.is_valid():
        raise Invalid("bad_vote", _("Say whether it helped or not."))
    services.vote(actor=request.actor, invitation_pk=invitation.pk, **form.cleaned_data)
    messages.success(request, _("Thank you. Colleagues see how often it helped."))
    return see_other(request, reverse("linking:invitation_detail", args=[pk]))


def knowledge_of(actor: Actor, invitation: Invitation) -> dict[str, Any]:
    """The context of `linking/knowledge/_of_invitation.html`."""
    known: Known | None = knowledge.failure_of(actor, invitation)
    return {
        "known": known,
        "my_vote": knowledge.vote_of(actor, invitation, known.code) if known else None,
        "solved": knowledge.solved_by(actor, invitation),
        "may_write": allows(actor, Permission.LINK_INVITE),
    }


def _solved_in(request: ActorRequest) -> knowledge.Solved | None:
    """The link one came from (`?invitation=`), when it failed before and works now."""
    pk = (request.POST.get("solved_in") if request.method == "POST" else request.GET.get("invitation")) or ""
    if not pk.isdecimal():
        return None
    return knowledge.solved_by(request.actor, selectors.get_invitation(request.actor, int(pk[:18])))
