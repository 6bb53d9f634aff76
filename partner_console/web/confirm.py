"""A confirm page: asks, does, and goes back. The same markup is the page and the dialog (`ui/confirm.html`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages

from partner_console.access.policy import Permission, require
from partner_console.errors import DomainError
from partner_console.web.forms import add_domain_error
from partner_console.web.htmx import render_page, see_other

if TYPE_CHECKING:
    from collections.abc import Callable

    from django import forms
    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest


class ConfirmPage:
    """`act` is called with the form's cleaned data; what it refuses about a field is shown there, and what is one of
    `told` is said where one goes back to. `permission` is None where another rule decided before. `confirm` is the rest
    of the context of `ui/confirm.html`."""

    def __init__(
        self,
        request: ActorRequest,
        permission: Permission | None,
        *,
        back: str,
        act: Callable[..., object],
        done: str,
        form: forms.Form | None = None,
        cancel: str = "",
        told: tuple[type[DomainError], ...] = (),
        **confirm: Any,
    ) -> None:
        if permission is not None:
            require(request.actor, permission)
        self.request, self.back, self.act, self.done, self.form = request, back, act, done, form
        self.told = told
        self.confirm = {"effect": "", "action": request.path, "cancel_url": cancel or back, "form": form, **confirm}

    def response(self) -> HttpResponse:
        form = self.form
        if self.request.method == "POST" and (form is None or form.is_valid()):
            try:
                self.act(**(form.cleaned_data if form is not None else {}))
            except DomainError as error:
                if form is not None and error.field in form.fields:
                    add_domain_error(form, error)
                elif isinstance(error, self.told):
                    messages.error(self.request, str(error))
                    return see_other(self.request, self.back)
                else:
                    raise
            else:
                messages.success(self.request, self.done)
                return see_other(self.request, self.back)
        status = 422 if form is not None and form.is_bound else 200
        return render_page(
            self.request, "ui/confirm_page.html", {"confirm": self.confirm}, fragment="confirm", status=status
        )
