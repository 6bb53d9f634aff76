"""People: made by an invitation or a command, and their own settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from partner_console.access.models import User
from partner_console.access.policy import Permission, require
from partner_console.audit.actions import Action
from partner_console.audit.services import record
from partner_console.errors import Invalid, NotFound

if TYPE_CHECKING:
    from partner_console.access.actor import Actor


@transaction.atomic
def create_person(*, email: str, password: str, **fields: Any) -> User:
    """A new login; whoever calls this knows that the address is the person's (an invitation's mail, an operator).

    Without a verified address django-allauth offers neither authenticator nor passkey. `Invalid` for a weak password
    (field `password`) or a bad address; the caller looks whether the address has a login already.
    """
    user = User(email=email.strip().lower(), **fields)
    try:
        user.full_clean(exclude=["password"])
        validate_password(password, user)
    except ValidationError as error:
        field = next(iter(error.message_dict), "password") if hasattr(error, "error_dict") else "password"
        raise Invalid("invalid_person", " ".join(error.messages), field=field) from error
    user.set_password(password)
    user.save()
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@transaction.atomic
def edit_profile(*, actor: Actor, name: str, language: str, time_zone: str) -> User:
    """Change one's own name, language and zone. Not on the trail: it concerns nobody else."""
    user = User.objects.select_for_update().get(pk=actor.user_pk or 0)
    user.name, user.language, user.time_zone = name, language, time_zone
    user.full_clean()
    user.save(update_fields=["name", "language", "time_zone"])
    return user


@transaction.atomic
def remove_second_factor(*, actor: Actor, authenticator_pk: int) -> None:
    """Take one authenticator or passkey off somebody's login: they lost it and can't sign in. `NotFound` when it is
    gone already."""
    require(actor, Permission.PLATFORM)
    factor = Authenticator.objects.select_for_update(of=("self",)).select_related("user")
    found = factor.filter(pk=authenticator_pk).first()
    if found is None:
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    record(actor, Action.SECOND_FACTOR_REMOVED, found.user, changes={"second_factor": [found.type, None]})
    found.delete()
