"""What every form needs: a domain error shown beside the field it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.forms import BaseForm
    from django.http import HttpRequest, QueryDict

    from partner_console.errors import DomainError


def posted(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to: the POST's data even when it is empty, nothing on GET."""
    return request.POST if request.method == "POST" else None


def one_of(form: BaseForm, *names: str) -> None:
    """One of these fields is needed, so none is called optional (`ui/field.html`); the form's `clean` judges."""
    for name in names:
        form.fields[name].says_optional = False  # type: ignore[attr-defined]  # ours


def add_domain_error(form: BaseForm, error: DomainError) -> None:
    """Put the refusal of a service into the form it came from (style §9): at its field when the form has it."""
    form.add_error(error.field if error.field in form.fields else None, str(error.message))
