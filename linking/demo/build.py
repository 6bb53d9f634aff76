"""Builds the demo through the services, so its ledger and its trail are real."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from linking.demo import accounts, catalogue, endings, grants, invitations, plans
from partner_console.access.actor import Actor, Channel, actor_for_membership, system_actor
from partner_console.access.models import Membership, Partner
from partner_console.access.policy import PartnerKind, Role
from partner_console.access.services import create_partner, create_person
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from quota.services import rollup

if TYPE_CHECKING:
    from collections.abc import Callable

    from linking.demo.catalogue import DemoPartner, Person

SEED = system_actor("demo")


def build(*, password: str, say: Callable[[str], None]) -> None:
    """Everything, in the order a real start would have it. One transaction for each partner."""
    for given in catalogue.PARTNERS:
        with transaction.atomic():
            partner = _partner(given, password)
            book = accounts.Book(partner=partner, actor=_worker(partner), dice=catalogue.generator(given.code))
            accounts.fill(book, given)
            endings.fill(book)
            plans.fill(book)
            granted = grants.fill(book)
        grants.check(granted)
        invitations.send_out(partner, book.dice)
        say(f"{partner.name}: {len(book.accounts)} customers")
    with transaction.atomic():
        _operator(password)
    rollup.roll_up()


def _partner(given: DemoPartner, password: str) -> Partner:
    partner = create_partner(
        actor=SEED,
        code=given.code,
        name=given.name,
        kind=PartnerKind(given.kind),
        master_uid=given.master_uid,
        parent=Partner.objects.filter(code=given.parent).first() if given.parent else None,
        domain=given.domain,
        contact=given.contact,
        language=given.language,
        contract_countries=list(catalogue.COUNTRIES),
        alert_recipients=[person.email for person in given.people if person.role in ("owner", "finance")],
    )
    for person in given.people:
        _member(partner, person, password)
    return partner


def _member(partner: Partner, person: Person, password: str) -> None:
    user = create_person(
        email=person.email, password=password, name=person.name, language=person.language, is_demo=True
    )
    membership = Membership(user=user, partner=partner, role=person.role, ram_uid=person.ram_uid)
    membership.full_clean()
    membership.save()
    audit.record(SEED, Action.MEMBER_JOINED, membership, changes={"role": [None, person.role]})


def _operator(password: str) -> None:
    create_person(
        email="operator@console.example",
        password=password,
        name="Platform operator",
        is_demo=True,
        is_staff=True,
        is_superuser=True,
    )


def _worker(partner: Partner) -> Actor:
    """Whoever does the partner's daily work: its manager, else its owner, else the system for it."""
    people: dict[str, Membership] = {
        m.role: m for m in Membership.objects.filter(partner=partner).select_related("user", "partner")
    }
    membership = people.get(Role.OWNER) or people.get(Role.MANAGER)
    return (
        actor_for_membership(membership, channel=Channel.CONSOLE)
        if membership
        else system_actor("demo", partner=partner)
    )
