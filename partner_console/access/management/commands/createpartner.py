"""Make a partner and its owner: the first thing on an empty server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from partner_console.access.actor import system_actor
from partner_console.access.models import LANGUAGE_CHOICES, Membership, Partner, User
from partner_console.access.policy import PartnerKind, Role
from partner_console.access.services import create_partner, create_person
from partner_console.audit.actions import Action
from partner_console.audit.services import record
from partner_console.errors import DomainError

from ._password import read_password

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Create a partner and its owner. Asks for the owner's password unless --password-file is given."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code", help="short name for commands, e.g. acme")
        parser.add_argument("--name", required=True, help="as customers see it")
        parser.add_argument("--kind", required=True, choices=PartnerKind.values)
        parser.add_argument("--master-uid", required=True, help="the partner's own cloud account UID")
        parser.add_argument("--owner", required=True, help="the owner's e-mail; an existing user gets the membership")
        parser.add_argument("--parent", help="code of the distributor, for a second-tier reseller")
        parser.add_argument("--countries", default="", help="contract countries, e.g. SG,MY,JP")
        parser.add_argument("--language", default="en", choices=[code for code, _name in LANGUAGE_CHOICES])
        parser.add_argument("--password-file", help="file holding the owner's password, or - for standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with transaction.atomic():
                self._create(options)
        except DomainError as error:
            raise CommandError(f"{error.field or error.code}: {error}") from error

    def _create(self, options: dict[str, Any]) -> None:
        parent = None
        if options["parent"]:
            parent = Partner.objects.filter(code=options["parent"]).first()
            if parent is None:
                raise CommandError(f"No partner has the code {options['parent']}.")
        actor = system_actor("createpartner")
        partner = create_partner(
            actor=actor,
            code=options["code"],
            name=options["name"],
            kind=PartnerKind(options["kind"]),
            master_uid=options["master_uid"],
            parent=parent,
            contract_countries=[c.strip().upper() for c in options["countries"].split(",") if c.strip()],
            language=options["language"],
            alert_recipients=[options["owner"].lower()],
        )
        user = User.objects.filter(email=options["owner"].lower()).first() or self._create_owner(options)
        membership = Membership.objects.create(user=user, partner=partner, role=Role.OWNER)
        record(actor, Action.MEMBER_JOINED, membership, changes={"role": [None, Role.OWNER.value]})
        self.stdout.write(f"Partner {partner.name} ({partner.code}) with owner {user.email}.")

    def _create_owner(self, options: dict[str, Any]) -> User:
        password = read_password(options["password_file"], "Password of the owner: ")
        return create_person(email=options["owner"], password=password, language=options["language"])
