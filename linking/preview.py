"""What an invitation will look like before it is one: its eligibility sheet, what both sides may do, its mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.text import capfirst

from linking import effective
from linking.eligibility import Facts, Finding, Kind, asks_look, is_blocked, judge
from linking.models import Invitation
from linking.scopes import LEAST, Scope, complete
from linking.services.composing import version_to_ask
from linking.services.preflight import gather
from linking.services.relinking import changes
from linking.services.sending import name_of
from partner_console.access.selectors import get_own_partner
from partner_console.web.countries import country_name
from partner_console.web.formats import amount
from partner_console.web.mail import RenderedMail, absolute_url, render_mail
from uids.identifiers import recognise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django.db.models import Field

    from linking.models import TemplateVersion
    from partner_console.access.actor import Actor
    from partner_console.access.models import Partner

# Stand in for what is not there yet: a UID, and the customer's link.
NO_UID = "·" * 6
NO_TOKEN = "preview"  # noqa: S105  # the opposite of a secret


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting of an ended link that the new one would not have, as people read it."""

    label: str
    then: str
    now: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything shown beside the form."""

    facts: Facts
    findings: Sequence[Finding]
    sections: Sequence[effective.Section]
    template: TemplateVersion | None
    differences: Sequence[Difference]
    mail: RenderedMail
    language: str
    to: str
    ticked: str = ""

    @property
    def blocked(self) -> list[Finding]:
        return self._of(Kind.BLOCKED)

    @property
    def unknown(self) -> list[Finding]:
        return self._of(Kind.UNKNOWN)

    @property
    def known(self) -> list[Finding]:
        return self._of(Kind.KNOWN)

    @property
    def is_blocked(self) -> bool:
        return is_blocked(self.findings)

    @property
    def is_incomplete(self) -> bool:
        """Nobody is named yet: there is nothing to say about them."""
        return any(one.code in ("uid_missing", "email_missing") for one in self.unknown)

    @property
    def n_looks(self) -> int:
        return sum(one.asks_look for one in self.findings)

    @property
    def look_key(self) -> str:
        """What somebody has looked at when they tick it: these points of this customer, no others."""
        if not asks_look(self.findings):
            return ""
        uid = self.facts.check.found.uid if self.facts.check else ""
        return " ".join([uid, *sorted(one.code for one in self.findings if one.asks_look)])

    @property
    def is_looked_at(self) -> bool:
        return self.ticked == self.look_key

    @property
    def ended_at(self) -> datetime | None:
        return self.facts.earlier.ended_at if self.facts.earlier else None

    def _of(self, kind: Kind) -> list[Finding]:
        return [one for one in self.findings if one.kind is kind]


def make_sheet(actor: Actor, values: Mapping[str, Any], *, draft_pk: int | None = None) -> Sheet:
    """The sheet of what is typed so far, any of it missing or wrong. Reads only."""
    partner = get_own_partner(actor)
    facts = gather(actor, values, draft_pk=draft_pk)
    version = version_to_ask(actor, partner.pk, template_pk=values.get("template_pk"), account_type=facts.account_type)
    scopes = complete(version.scopes if version else LEAST)
    compared = {**values, "scopes": scopes}
    return Sheet(
        facts=facts,
        findings=judge(facts),
        sections=effective.preview(partner.kind, scopes),
        template=version,
        differences=[
            Difference(_label(one.field), _shown(one.field, one.then, partner), _shown(one.field, one.now, partner))
            for one in (changes(facts.earlier, compared) if facts.earlier else [])
        ],
        mail=preview_mail(actor, values),
        language=str(values.get("language") or partner.language),
        to=facts.email,
        ticked=str(values.get("looked") or ""),
    )


def preview_mail(actor: Actor, values: Mapping[str, Any]) -> RenderedMail:
    """The mail as it would go out now; its link leads nowhere."""
    partner = get_own_partner(actor)
    names = ("email", "company", "note_to_customer", "language")
    invitation = Invitation(
        partner=partner,
        uid=recognise(str(values.get("uid") or "")).uid or NO_UID,
        learns_uid=bool(values.get("learns_uid")),
        renews=bool(values.get("account_pk")),
        **{name: values.get(name) or "" for name in names},
    )
    if invitation.learns_uid:
        invitation.uid = ""
    invitation.language = invitation.language or partner.language
    days = values.get("valid_days") or partner.invitation_days
    invitation.expires_at = timezone.now() + timedelta(days=days)
    return render_mail(
        template="invitation",
        context={
            "invitation": invitation,
            "partner": partner,
            "url": absolute_url("linking:invite_start", NO_TOKEN),
            "by": name_of(actor.user_pk),
        },
        language=invitation.language,
        zone=partner.time_zone,
    )


def _label(name: str) -> str:
    return capfirst(str(_column(name).verbose_name))


def _column(name: str) -> Field[Any, Any]:
    column: Field[Any, Any] = Invitation._meta.get_field(name)  # type: ignore[assignment]  # all compared are columns
    return column


def _shown(name: str, value: Any, partner: Partner) -> str:
    """One value of an invitation's as people read it."""
    if value in ("", None, []):
        return "—"
    if name == "scopes":
        return ", ".join(str(Scope(one).label) for one in value)
    if name == "quota":
        return f"{amount(value)} {partner.currency}"
    if name == "country":
        return country_name(value)
    choices = dict(_column(name).flatchoices)
    return str(choices.get(value, value))
