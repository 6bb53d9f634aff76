"""The words of a linked account: three separate statuses and two switches (design §4). Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _

# What stopped by arrears is released so long after the stop, by the cloud's clock, and never comes back (acpn.md §8).
RELEASE_AFTER = timedelta(days=15)


class AccountType(IntegerChoices):
    """`SubAccountType` of the Agency API (acpn.md §2)."""

    AGENCY_END_USER = 1, _("Agency end user")
    RESELLER_END_USER = 2, _("Reseller end user")
    ENTERPRISE = 3, _("Enterprise customer")
    T2_AGENCY = 4, _("T2 agency")
    T2_RESELLER = 5, _("T2 reseller")
    T2_AGENCY_RESELLER = 6, _("T2 agency and reseller")


class Relationship(TextChoices):
    """Account Status of the seed: the relationship, not the money and not the instances (acpn.md §7)."""

    NORMAL = "normal", _("Normal")
    TO_BE_CONFIRMED = "to_be_confirmed", _("To Be Confirmed")
    IN_PROCESS = "in_process", _("In Process")
    TERMINATED = "terminated", _("Terminated")
    DELETED = "deleted", _("Deleted")


LIVE = (Relationship.NORMAL, Relationship.TO_BE_CONFIRMED, Relationship.IN_PROCESS)


# From Normal straight to In Process goes only a wrong link that is undone before anything was used.
MOVES: dict[Relationship, frozenset[Relationship]] = {
    Relationship.NORMAL: frozenset({Relationship.TO_BE_CONFIRMED, Relationship.IN_PROCESS}),
    Relationship.TO_BE_CONFIRMED: frozenset({Relationship.NORMAL, Relationship.IN_PROCESS}),
    Relationship.IN_PROCESS: frozenset({Relationship.NORMAL, Relationship.TERMINATED}),
    Relationship.TERMINATED: frozenset({Relationship.DELETED}),
    Relationship.DELETED: frozenset(),
}


class PaygStatus(TextChoices):
    """What pay-as-you-go instances do. Frozen by the partner and stopped by arrears are separate facts."""

    NORMAL = "normal", _("Normal")
    FROZEN = "frozen", _("Frozen by the partner")
    STOPPED = "stopped", _("Stopped by arrears")
    RELEASED = "released", _("Released")


class PurchaseControl(TextChoices):
    NORMAL = "normal", _("Normal")
    BAN = "ban", _("Disabled")


class ShutdownPolicy(TextChoices):
    """What happens when Available Quota falls below zero (design §6.3)."""

    IMMEDIATELY_STOP = "immediatelyStop", _("Immediate shutdown")
    DELAY_STOP = "delayStop", _("Delayed shutdown")
    NO_STOP = "noStop", _("No shutdown")


class Environment(TextChoices):
    PRODUCTION = "production", _("Production")
    SANDBOX = "sandbox", _("Sandbox")


class Control(TextChoices):
    PAYG_FREEZE = "payg_freeze", _("PAYG freeze")
    PAYG_SHUTDOWN = "payg_shutdown", _("PAYG shutdown")
    PURCHASE_CONTROL = "purchase_control", _("Purchase control")
    SHUTDOWN_POLICY = "shutdown_policy", _("Shutdown policy")


class SwitchValue:
    """Every value of the three switches, as the trail looks its words up."""

    choices: ClassVar = [*PaygStatus.choices, *PurchaseControl.choices, *ShutdownPolicy.choices]


def payg_status(*, frozen: bool, stopped: bool, released: bool) -> PaygStatus:
    """The one word for several facts: the most final wins."""
    if released:
        return PaygStatus.RELEASED
    if frozen:
        return PaygStatus.FROZEN
    return PaygStatus.STOPPED if stopped else PaygStatus.NORMAL
