"""The operators' admin: pages of ours only, no secrets, and rescues that go through services."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.apps import apps
from django.contrib import admin
from django.urls import reverse
from post_office.models import STATUS, Email

from partner_console.access import services
from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.errors import Forbidden, NotFound
from partner_console.web.admin import LookUpAdmin
from partner_console.web.mail import send_again

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from tests.personas import Persona


def mail_of(owner: Persona, *, failed: bool) -> Email:
    services.invite_member(actor=owner.actor, email="new@acme.example", role="viewer")
    mail = Email.objects.latest("pk")
    if failed:
        Email.objects.filter(pk=mail.pk).update(status=STATUS.failed, number_of_retries=4)
        mail.refresh_from_db()
    return mail


def test_packages_bring_no_pages_of_their_own() -> None:
    pages = [admin.site.get_model_admin(model) for model in apps.get_models() if admin.site.is_registered(model)]

    assert [page for page in pages if not isinstance(page, LookUpAdmin)] == []
    assert len(pages) > 20


def test_mail_is_looked_up_but_its_links_are_not_shown(
    operator: Persona, acme_master: Persona, as_: Callable[[Persona], Client]
) -> None:
    mail = mail_of(acme_master, failed=False)
    client = as_(operator)

    page = client.get(reverse("admin:post_office_email_change", args=[mail.pk])).content.decode()

    assert "new@acme.example" in client.get(reverse("admin:post_office_email_changelist")).content.decode()
    assert "new@acme.example" in page
    assert "/settings/join/" not in page


def test_failed_mails_are_sent_again_with_all_their_attempts(
    operator: Persona, acme_master: Persona, as_: Callable[[Persona], Client]
) -> None:
    mail = mail_of(acme_master, failed=True)

    for said in ("1 mail is sent again.", "None of them had failed."):
        page = as_(operator).post(
            reverse("admin:post_office_email_changelist"),
            {"action": "queue_again", "_selected_action": [mail.pk]},
            follow=True,
        )
        assert said in page.content.decode()

    mail.refresh_from_db()
    assert (mail.status, mail.number_of_retries) == (STATUS.queued, 0)
    assert AuditEntry.objects.filter(action=Action.MAIL_SENT_AGAIN).count() == 1


def test_a_lost_second_factor_is_taken_off_and_the_trail_says_so(
    operator: Persona, acme_master: Persona, as_: Callable[[Persona], Client]
) -> None:
    assert acme_master.user is not None
    factor = TOTP.activate(acme_master.user, generate_totp_secret()).instance
    client = as_(operator)
    shown = client.get(reverse("admin:mfa_authenticator_change", args=[factor.pk])).content.decode()
    assert factor.data["secret"] not in shown

    client.post(reverse("admin:mfa_authenticator_delete", args=[factor.pk]), {"post": "yes"})

    assert not Authenticator.objects.filter(user=acme_master.user).exists()
    entry = AuditEntry.objects.get(action=Action.SECOND_FACTOR_REMOVED)
    assert (entry.subject_label, entry.actor_user) == (str(acme_master.user), operator.user)
    with pytest.raises(NotFound):
        services.remove_second_factor(actor=operator.actor, authenticator_pk=factor.pk)


def test_only_the_platform_rescues(operator: Persona, acme_master: Persona) -> None:
    mail = mail_of(acme_master, failed=True)
    factor = Authenticator.objects.get(user=operator.user)

    with pytest.raises(Forbidden):
        services.remove_second_factor(actor=acme_master.actor, authenticator_pk=factor.pk)
    with pytest.raises(Forbidden):
        send_again(actor=acme_master.actor, mail_pks=[mail.pk])

    mail.refresh_from_db()
    assert mail.status == STATUS.failed
    assert Authenticator.objects.filter(pk=factor.pk).exists()


def test_sessions_are_listed_without_their_keys(operator: Persona, as_: Callable[[Persona], Client]) -> None:
    client = as_(operator)
    client.get(reverse("web:overview"))

    page = client.get(reverse("admin:usersessions_usersession_changelist"), follow=True).content.decode()

    assert "operator@console.example" in page
    assert str(client.session.session_key) not in page
