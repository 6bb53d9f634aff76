"""Make an operator of the platform. The admin opens to them once they have set up a second factor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from partner_console.access.models import User
from partner_console.access.services import create_person
from partner_console.errors import DomainError

from ._password import read_password

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Create an operator (platform staff). Asks for the password unless --password-file is given."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="")
        parser.add_argument("--password-file", help="file holding the password, or - for standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"].strip().lower()
        if User.objects.filter(email=email).exists():
            raise CommandError(f"{email} has a login already.")
        password = read_password(options["password_file"], "Password of the operator: ")
        try:
            create_person(email=email, password=password, name=options["name"], is_staff=True, is_superuser=True)
        except DomainError as error:
            raise CommandError(f"{error.field}: {error}") from error
        self.stdout.write(f"Operator {email}. Sign in and set up an authenticator or a passkey: the admin needs one.")
