"""The pages of permission templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from linking import rights
from linking.effective import preview
from linking.errors import StaleTemplate
from linking.scopes import complete
from linking.services import templates
from linking.template_forms import TemplateForm
from partner_console.access.policy import Permission, require
from partner_console.access.selectors import get_own_partner
from partner_console.errors import DomainError, NotFound
from partner_console.web.confirm import ConfirmPage
from partner_console.web.forms import add_domain_error, posted
from partner_console.web.htmx import see_other

if TYPE_CHECKING:
    from django.http import HttpResponse

    from linking.models import PermissionTemplate, TemplateVersion
    from partner_console.access.middleware import ActorRequest


@require_GET
def template_list(request: ActorRequest) -> HttpResponse:
    """The templates with what they contain and how many customers have them."""
    return render(request, "linking/templates/template_list.html", {"rows": rights.list_rows(request.actor)})


@require_http_methods(["GET", "HEAD", "POST"])
def template_new(request: ActorRequest) -> HttpResponse:
    require(request.actor, Permission.PARTNER_EDIT)
    form = TemplateForm(posted(request), initial={"scopes": complete([])})
    if form.is_valid():
        try:
            template = templates.create_template(actor=request.actor, **form.values())
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Template “%s” created.") % template.name)
            return see_other(request, reverse("linking:template_list"))
    context = {"form": form, "template": None}
    return render(request, "linking/templates/template_edit.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def template_edit(request: ActorRequest, pk: int) -> HttpResponse:
    """The form; then, where customers have the template, what the change means for them; then the change."""
    template, current = _to_change(request, pk)
    initial = {"name": template.name, "description": template.description, "version": template.version}
    form = TemplateForm(posted(request), initial={**initial, "scopes": current.scopes, "days": current.days})
    if form.is_valid():
        effect = rights.effect_of(request.actor, template, complete(form.cleaned_data["scopes"]))
        if request.POST.get("step") != "save" and effect.n_customers and effect.changes_scopes:
            return _review(request, template, form, effect)
        try:
            templates.edit_template(actor=request.actor, template_pk=pk, **_given(request, form))
        except StaleTemplate as error:
            form.data = form.data | {"version": error.data["version"]}  # type: ignore[operator]  # QueryDict copies
            add_domain_error(form, error)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Template “%s” saved.") % form.cleaned_data["name"])
            return see_other(request, reverse("linking:template_edit", args=[pk]))
    context = {"form": form, "template": template, "versions": rights.list_versions(request.actor, template)}
    context["sections"] = preview(get_own_partner(request.actor).kind, current.scopes)
    return render(request, "linking/templates/template_edit.html", context, status=422 if form.is_bound else 200)


def _to_change(request: ActorRequest, pk: int) -> tuple[PermissionTemplate, TemplateVersion]:
    template = rights.get_template(request.actor, pk)
    require(request.actor, Permission.PARTNER_EDIT)
    if template.archived_at is not None:
        raise NotFound("not_found", _("This template is archived and can no longer be changed."))
    return template, templates.current_version(template)


def _given(request: ActorRequest, form: TemplateForm) -> dict[str, Any]:
    take_away = request.POST.get("existing") == "take_away"
    return {**form.values(), "version": form.cleaned_data["version"] or 0, "take_away": take_away}


def _review(
    request: ActorRequest, template: PermissionTemplate, form: TemplateForm, effect: rights.Effect
) -> HttpResponse:
    kept = [(name, value) for name in form.fields for value in request.POST.getlist(name)]
    context = {"template": template, "effect": effect, "kept": kept, "form": form}
    return render(request, "linking/templates/template_review.html", context)


@require_POST
def template_default(request: ActorRequest, pk: int) -> HttpResponse:
    """New invitations begin with this one."""
    template, _current = _to_change(request, pk)
    templates.make_default(actor=request.actor, template_pk=pk)
    messages.success(request, _("New invitations begin with “%s”.") % template.name)
    return see_other(request, reverse("linking:template_list"))


@require_http_methods(["GET", "HEAD", "POST"])
def template_archive(request: ActorRequest, pk: int) -> HttpResponse:
    """Asks first."""
    template, _current = _to_change(request, pk)
    page = ConfirmPage(
        request,
        Permission.PARTNER_EDIT,
        back=reverse("linking:template_list"),
        act=lambda: templates.archive_template(actor=request.actor, template_pk=pk),
        done=_("Template “%s” archived.") % template.name,
        title=_("Archive the template “%s”?") % template.name,
        effect=_("It is offered for new invitations no longer. Customers and open invitations keep what they have."),
        submit=_("Archive"),
        icon="archive",
    )
    return page.response()
