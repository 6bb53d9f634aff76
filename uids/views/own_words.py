"""The pages of labels and of saved views."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from partner_console.access.policy import Permission, require
from partner_console.access.scoping import get_visible_or_404
from partner_console.errors import DomainError, Invalid
from partner_console.web.confirm import ConfirmPage
from partner_console.web.forms import add_domain_error, posted
from partner_console.web.htmx import see_other
from partner_console.web.listing import from_string
from uids import selectors, services
from uids.list_forms import LabelForm, ViewForm
from uids.models import Label, SavedView
from uids.views.lists import AccountPage

if TYPE_CHECKING:
    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest


@require_http_methods(["GET", "HEAD", "POST"])
def label_list(request: ActorRequest) -> HttpResponse:
    """All labels with how many accounts carry each; a POST creates one."""
    if request.method == "POST":
        require(request.actor, Permission.UID_EDIT)
    form = LabelForm(posted(request))
    if form.is_valid():
        try:
            label = services.create_label(actor=request.actor, name=form.cleaned_data["name"])
        except Invalid as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Label “%s” created.") % label.name)
            return see_other(request, reverse("uids:label_list"))
    context = {"labels": selectors.list_labels(request.actor), "form": form}
    return render(request, "uids/label_list.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def label_edit(request: ActorRequest, pk: int) -> HttpResponse:
    """A new name for a label."""
    require(request.actor, Permission.UID_EDIT)
    label = get_visible_or_404(Label, request.actor, pk=pk)
    form = LabelForm(posted(request), initial={"name": label.name})
    if request.method == "POST" and form.is_valid():
        try:
            services.rename_label(actor=request.actor, label_pk=pk, name=form.cleaned_data["name"])
        except Invalid as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Saved."))
            return see_other(request, reverse("uids:label_list"))
    return render(request, "uids/label_edit.html", {"label": label, "form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def label_remove(request: ActorRequest, pk: int) -> HttpResponse:
    """Asks first, naming how many accounts lose it."""
    label = get_visible_or_404(Label, request.actor, pk=pk)
    n_accounts = selectors.count_labelled(request.actor, label)
    page = ConfirmPage(
        request,
        Permission.UID_EDIT,
        back=reverse("uids:label_list"),
        act=lambda: services.remove_label(actor=request.actor, label_pk=pk),
        done=_("Label removed."),
        title=_("Remove the label “%s”?") % label.name,
        effect=ngettext(
            "It is taken from %(n)s account. The accounts stay as they are.",
            "It is taken from %(n)s accounts. The accounts stay as they are.",
            n_accounts,
        )
        % {"n": f"{n_accounts:,}"},
        submit=_("Remove"),
        icon="trash-2",
        is_danger=True,
    )
    return page.response()


@require_http_methods(["GET", "HEAD", "POST"])
def view_save(request: ActorRequest) -> HttpResponse:
    """The person's views, and keeping the one they came from; a POST saves it."""
    require(request.actor, Permission.UID_VIEW)
    query = (request.POST if request.method == "POST" else request.GET).get("query", "")
    page = AccountPage(request.actor, from_string(query))
    if page.query.errors:
        raise Invalid("bad_list_query", " ".join(page.query.errors))
    form = ViewForm(posted(request), initial={"query": query})
    if request.method == "POST" and form.is_valid():
        try:
            view = services.save_view(actor=request.actor, **{**form.cleaned_data, "query": page.query.string()})
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("View “%s” saved.") % view.name)
            return see_other(request, f"{reverse('uids:account_list')}?{view.query}")
    context = {"form": form, "views": selectors.list_views(request.actor), "list": page}
    return render(request, "uids/view_save.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def view_remove(request: ActorRequest, pk: int) -> HttpResponse:
    """Asks first; only one's own."""
    view = get_visible_or_404(SavedView, request.actor, pk=pk, user_id=request.actor.user_pk)
    page = ConfirmPage(
        request,
        None,
        back=reverse("uids:view_save"),
        act=lambda: services.remove_view(actor=request.actor, view_pk=pk),
        done=_("View removed."),
        title=_("Remove the view “%s”?") % view.name,
        effect=_("Everybody it is shared with loses it too.") if view.is_shared else _("Only the name is removed."),
        submit=_("Remove"),
        icon="trash-2",
    )
    return page.response()
