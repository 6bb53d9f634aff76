"""When warnings are mailed: at once, once a day, both; and the mail about figures that do not arrive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from post_office.models import Email

from partner_console.access.actor import system_actor
from partner_console.access.policy import Role
from partner_console.audit.models import AuditEntry
from partner_console.errors import Forbidden
from quota import tasks
from quota.models import CreditAccount, Mailing, SilentFeed, UsageFeed, Warning, WarningSettings
from quota.services import handling
from quota.services.mailing import set_mailing
from quota.states import EntryKind
from tests.factories import make_account, make_member
from tests.quota.support import move
from uids.errors import StaleVersion

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from partner_console.access.models import Partner
    from tests.personas import Persona
    from uids.models import LinkedAccount

D = Decimal
WORKER = system_actor("test")
NINE = datetime(2026, 3, 2, 1, 5, tzinfo=UTC)  # 09:05 in UTC+8, the partner's zone


@pytest.fixture
def account(acme: Partner) -> LinkedAccount:
    return make_account(acme, "1792155717328010", quota=D(100), nickname="Kaito & Sons")


def wants(partner: Partner, mailing: Mailing, hour: int = 9) -> None:
    WarningSettings.objects.create(partner=partner, mailing=mailing, digest_hour=hour)


def work() -> list[Email]:
    """What beat and the workers do about warnings, twice over."""
    for _ in range(2):
        tasks.sweep_warnings()
        tasks.wake_digests()
    return list(Email.objects.order_by("pk"))


def watch() -> list[Email]:
    """What they do about feeds."""
    for _ in range(2):
        tasks.watch_feeds()
    return list(Email.objects.order_by("pk"))


def at(moment: datetime) -> time_machine.travel:
    return time_machine.travel(moment, tick=False)


def test_one_mail_a_day_names_everything_once(acme: Partner, account: LinkedAccount) -> None:
    wants(acme, Mailing.DIGEST)
    with at(NINE - timedelta(hours=3)):
        move(account, EntryKind.USAGE, undeducted="90")
        assert work() == [], "not at once, and not before nine"
    with at(NINE):
        [mail] = work()
    assert mail.to == ["alerts@acme.example"]
    assert mail.subject == "Quota warnings today: 1 open, 1 new"
    for part in (mail.message, mail.html_message):
        assert "1792155717328010" in part
        assert "10.00 USD" in part
        assert "New since the last daily mail" in part
        assert "/warnings/" in part
    with at(NINE + timedelta(hours=14)):
        assert len(work()) == 1, "once a day"
    with at(NINE + timedelta(days=1)):
        again = work()[-1]
        assert again.subject == "Quota warnings today: 1 open, 0 new"
        assert "Still below" in again.message
        move(account, EntryKind.REFUND, deducted="-80")
    with at(NINE + timedelta(days=2)):
        over = work()[-1]
        assert over.subject == "Quota warnings today: none open, 1 recovered"
    with at(NINE + timedelta(days=3)):
        assert len(work()) == 3, "nothing to tell is no mail"


def test_the_day_is_the_partners_own(acme: Partner, account: LinkedAccount) -> None:
    acme.time_zone = "America/New_York"
    acme.save()
    wants(acme, Mailing.DIGEST)
    move(account, EntryKind.USAGE, undeducted="90")

    with at(datetime(2026, 3, 2, 13, 59, tzinfo=UTC)):
        assert work() == []
    with at(datetime(2026, 3, 2, 14, 0, tzinfo=UTC)):
        assert len(work()) == 1


def test_both_mails_at_once_and_sums_up_each_day(acme: Partner, account: LinkedAccount) -> None:
    wants(acme, Mailing.BOTH)
    with at(NINE - timedelta(hours=3)):
        move(account, EntryKind.USAGE, undeducted="90")
        assert len(work()) == 1
    with at(NINE):
        assert work()[-1].subject == "Quota warnings today: 1 open, 1 new"
        move(account, EntryKind.REFUND, deducted="-80")
        assert work()[-1].subject.startswith("Quota recovered")
    with at(NINE + timedelta(days=1)):
        assert len(work()) == 3


def test_each_manager_reads_of_their_own_customers(acme: Partner, account: LinkedAccount) -> None:
    wants(acme, Mailing.DIGEST)
    make_member(acme, Role.MANAGER, email="mei@acme.example")
    theirs = make_account(acme, quota=D(50), nickname="Blue Harbour", business_manager="Mei@acme.example")
    for one in (account, theirs):
        move(one, EntryKind.USAGE, undeducted="95")

    with at(NINE + timedelta(days=900)):
        mails = {mail.to[0]: mail.message for mail in work()}

    assert set(mails) == {"alerts@acme.example", "mei@acme.example"}
    assert "Kaito & Sons" in mails["alerts@acme.example"]
    assert "Blue Harbour" in mails["alerts@acme.example"]
    assert "Kaito & Sons" not in mails["mei@acme.example"]


def test_a_snoozed_account_is_not_in_the_daily_mail(
    acme: Partner, acme_manager: Persona, account: LinkedAccount
) -> None:
    wants(acme, Mailing.DIGEST)
    move(account, EntryKind.USAGE, undeducted="90")
    soon = timezone.now().replace(hour=2) + timedelta(days=2)  # ten in the morning where they are
    pks = Warning.objects.values_list("pk", flat=True)
    handling.snooze(actor=acme_manager.actor, warning_pks=pks, until=soon, reason="They pay on Friday")

    with at(soon - timedelta(hours=25)):
        assert work() == []
    with at(soon + timedelta(days=1)):
        assert [mail.subject for mail in work()] == ["Quota warnings today: 1 open, 1 new"]


def test_a_thousand_warnings_make_one_mail_that_names_fifty(acme: Partner) -> None:
    wants(acme, Mailing.DIGEST)
    accounts = [make_account(acme, quota=D(50), nickname=f"Customer {n}") for n in range(53)]
    CreditAccount.objects.filter(pk__in=[one.pk for one in accounts]).update(undeducted=D(45))

    with at(NINE + timedelta(days=900)):
        [mail] = work()

    assert mail.subject == "Quota warnings today: 53 open, 53 new"
    assert mail.message.count(" left; line: ") == 50
    assert "3 more are in the list." in mail.message


def test_the_setting_is_an_owners_and_begins_tomorrow(
    acme: Partner, acme_master: Persona, acme_finance: Persona, account: LinkedAccount, as_: Callable[[Persona], Client]
) -> None:
    move(account, EntryKind.USAGE, undeducted="90")
    with at(NINE + timedelta(hours=1)):
        client = as_(acme_master)
        sent = client.post(reverse("quota:warning_mailing"), {"mailing": "digest", "digest_hour": "9", "version": "1"})
        assert sent.status_code == 303
        assert work() == [], "nine was an hour ago"
    with at(NINE + timedelta(days=1)):
        assert len(work()) == 1
    with pytest.raises(StaleVersion):
        set_mailing(actor=acme_master.actor, partner_pk=acme.pk, mailing="both", digest_hour=9, version=1)
    with pytest.raises(Forbidden):
        set_mailing(actor=acme_finance.actor, partner_pk=acme.pk, mailing="both", digest_hour=9, version=2)
    assert AuditEntry.objects.filter(action="quota.partner.warning_mailing_changed").count() == 1


def test_back_to_at_once_what_waited_is_mailed(acme: Partner, acme_master: Persona, account: LinkedAccount) -> None:
    wants(acme, Mailing.DIGEST, hour=23)
    move(account, EntryKind.USAGE, undeducted="90")

    set_mailing(actor=acme_master.actor, partner_pk=acme.pk, mailing="at_once", digest_hour=23, version=1)

    assert [mail.subject.split(":")[0] for mail in work()] == ["Quota warning"]


def test_a_worker_killed_before_its_commit_leaves_the_mail_to_the_next(account: LinkedAccount) -> None:
    move(account, EntryKind.USAGE, undeducted="90")
    warning = Warning.objects.get()

    with transaction.atomic():
        tasks.send_warning(warning.pk)
        assert Email.objects.count() == 1
        transaction.set_rollback(True)
    assert not Email.objects.exists()

    assert len(work()) == 1
    tasks.send_warning(warning.pk)
    assert len(work()) == 1


def feed(partner: Partner, read_until: datetime | None, **fields: object) -> UsageFeed:
    found, _ = UsageFeed.objects.update_or_create(partner=partner, defaults={"read_until": read_until, **fields})
    return found


def test_a_feed_silent_for_half_an_hour_is_told_once_and_once_when_it_is_back(
    acme: Partner, account: LinkedAccount
) -> None:
    feed(acme, NINE)
    with at(NINE + timedelta(minutes=30)):
        assert watch() == []
    with at(NINE + timedelta(minutes=31)):
        feed(acme, NINE, failing_since=NINE, failure="The cloud does not answer.")
        assert watch() == [], "noted, and looked at once more before people are told"
        assert SilentFeed.objects.get().since == NINE
    with at(NINE + timedelta(minutes=37)):
        [mail] = watch()
        assert mail.to == ["alerts@acme.example"]
        assert mail.subject == "Acme Cloud: no figures from the cloud, so no quota warnings"
        assert "The cloud does not answer." in mail.message
        assert "2026-03-02 09:05 UTC+8" in mail.message
    with at(NINE + timedelta(hours=9)):
        assert len(watch()) == 1
        feed(acme, NINE + timedelta(hours=9), failing_since=None)
        assert watch()[-1].subject == "Acme Cloud: figures from the cloud arrive again"
        assert len(watch()) == 2
    with at(NINE + timedelta(hours=10)):
        assert len(watch()) == 2
        assert SilentFeed.objects.filter(recovered_at__isnull=True).count() == 1, "and silent anew is anew"


def test_a_console_that_was_off_alarms_nobody(acme: Partner, account: LinkedAccount) -> None:
    feed(acme, NINE)
    with at(NINE + timedelta(days=1)):
        tasks.watch_feeds()
        feed(acme, NINE + timedelta(days=1))
    with at(NINE + timedelta(days=1, minutes=10)):
        assert watch() == []
        assert SilentFeed.objects.get().recovered_at is not None


def test_a_feed_is_only_missed_where_figures_should_come(acme: Partner, agency_master: Persona) -> None:
    make_account(agency_master.partner)
    feed(acme, NINE)

    with at(NINE + timedelta(days=1)):
        tasks.watch_feeds()

    assert not SilentFeed.objects.exists()


def test_the_silent_feed_stands_above_the_inbox_and_on_the_overview(
    acme: Partner, acme_finance: Persona, outsider: Persona, account: LinkedAccount, as_: Callable[[Persona], Client]
) -> None:
    SilentFeed.objects.create(partner=acme, since=NINE)
    words = "No figures of Acme Cloud arrive from the cloud."

    for url in (reverse("quota:warning_list"), reverse("web:overview")):
        assert words in as_(acme_finance).get(url).content.decode()
        assert words not in as_(outsider).get(url).content.decode()
