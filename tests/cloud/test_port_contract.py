"""What every implementation of the port must do. A second one joins by adding itself to `CLOUDS`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from partner_console.cloud.port import Cloud, CloudRefused, LinkProgress, LinkRequest, get_cloud
from partner_console.cloud.simulated import services as simulated
from partner_console.cloud.simulated.adapter import SimulatedCloud

if TYPE_CHECKING:
    from collections.abc import Callable

PARTNER_UID = "5000000000000001"
OTHER_PARTNER_UID = "5000000000000002"
UID = "1792155717328010"
MASTER_UID = "1792155717328028"


class SimulatedWorld:
    """How the tests make things happen at the cloud behind the port."""

    cloud: Cloud = SimulatedCloud()
    consume = staticmethod(simulated.report_usage)
    settle = staticmethod(simulated.settle)
    override = staticmethod(simulated.override)


CLOUDS = {"simulated": SimulatedWorld}


@pytest.fixture(params=CLOUDS)
def world(request: pytest.FixtureRequest, db: None) -> SimulatedWorld:
    return CLOUDS[request.param]()


@pytest.fixture
def cloud(world: SimulatedWorld) -> Cloud:
    return world.cloud


def request_for(uid: str = UID, *, partner_uid: str = PARTNER_UID, reference: str = "inv-1") -> LinkRequest:
    return LinkRequest(
        reference=reference,
        partner_uid=partner_uid,
        uid=uid,
        email="kaito@customer.example",
        company="Kaito Trading",
        account_type=2,
        quota=Decimal("100.00"),
        shutdown_policy="noStop",
        purchase_control="normal",
    )


@pytest.fixture
def linked(cloud: Cloud) -> str:
    cloud.start_link(request_for())
    return UID


def test_settings_name_an_implementation() -> None:
    assert isinstance(get_cloud(), SimulatedCloud)


def test_a_link_reaches_linked_and_says_which_uid_and_when(cloud: Cloud) -> None:
    ticket = cloud.start_link(request_for())

    status = cloud.link_status(ticket)

    assert (status.progress, status.uid) == (LinkProgress.LINKED, UID)
    assert status.at is not None


def test_a_customer_without_a_uid_gets_one(cloud: Cloud) -> None:
    status = cloud.link_status(cloud.start_link(request_for("")))

    assert status.uid.isdigit()
    assert cloud.account(uid=status.uid).email == "kaito@customer.example"


def test_the_same_reference_links_once(cloud: Cloud) -> None:
    first = cloud.link_status(cloud.start_link(request_for("")))

    again = cloud.link_status(cloud.start_link(request_for("")))

    assert again == first
    assert len(cloud.credits(partner_uid=PARTNER_UID)) == 1


def test_the_link_starts_with_what_the_invitation_said(cloud: Cloud, linked: str) -> None:
    credit = cloud.credit(uid=linked)

    assert credit.amount == Decimal("100.00")
    assert (credit.deducted, credit.undeducted) == (Decimal(0), Decimal(0))
    assert (credit.shutdown_policy, credit.purchase_control, credit.payg_frozen) == ("noStop", "normal", False)


def test_a_uid_linked_elsewhere_is_refused_with_a_code(cloud: Cloud, linked: str) -> None:
    with pytest.raises(CloudRefused) as refusal:
        cloud.start_link(request_for(partner_uid=OTHER_PARTNER_UID, reference="inv-2"))

    assert refusal.value.code
    assert cloud.credits(partner_uid=OTHER_PARTNER_UID) == []


def test_linking_again_keeps_what_was_consumed(cloud: Cloud, world: SimulatedWorld, linked: str) -> None:
    world.consume(uid=linked, amount=Decimal(5))

    cloud.start_link(request_for(reference="inv-2"))

    assert cloud.credit(uid=linked).undeducted == 5


@pytest.mark.parametrize(
    ("order", "shows"),
    [
        (lambda cloud: cloud.set_quota(uid=UID, amount=Decimal("250.50")), {"amount": Decimal("250.50")}),
        (lambda cloud: cloud.set_quota(uid=UID, amount=Decimal(0)), {"amount": Decimal(0)}),
        (lambda cloud: cloud.set_warning(uid=UID, percent=35), {"warning_percent": 35}),
        (lambda cloud: cloud.freeze(uid=UID), {"payg_frozen": True}),
        (lambda cloud: cloud.thaw(uid=UID), {"payg_frozen": False}),
        (lambda cloud: cloud.stop_payg(uid=UID), {"payg_stopped": True, "payg_frozen": False}),
        (lambda cloud: cloud.resume_payg(uid=UID), {"payg_stopped": False}),
        (lambda cloud: cloud.set_trustee(uid=UID, trustee_uid=MASTER_UID), {"trustee_uid": MASTER_UID}),
        (lambda cloud: cloud.set_trustee(uid=UID, trustee_uid=""), {"trustee_uid": ""}),
        (lambda cloud: cloud.set_purchase_control(uid=UID, control="ban"), {"purchase_control": "ban"}),
        (lambda cloud: cloud.set_policy(uid=UID, policy="delayStop"), {"shutdown_policy": "delayStop"}),
    ],
)
def test_an_absolute_order_shows_in_the_figures_and_may_be_repeated(
    cloud: Cloud, linked: str, order: Callable[[Cloud], None], shows: dict[str, object]
) -> None:
    cloud.start_link(request_for(MASTER_UID, reference="inv-2"))

    order(cloud)
    order(cloud)

    credit = cloud.credit(uid=linked)
    assert {name: getattr(credit, name) for name in shows} == shows


def test_a_stop_for_arrears_and_a_freeze_are_two_facts(cloud: Cloud, linked: str) -> None:
    cloud.freeze(uid=linked)
    cloud.stop_payg(uid=linked)
    cloud.thaw(uid=linked)
    assert cloud.credit(uid=linked).payg_stopped

    cloud.freeze(uid=linked)
    cloud.resume_payg(uid=linked)
    credit = cloud.credit(uid=linked)
    assert (credit.payg_frozen, credit.payg_stopped) == (True, False)


def test_trusteeship_has_one_level(cloud: Cloud, linked: str) -> None:
    for number, uid in enumerate((MASTER_UID, "1792155717328036")):
        cloud.start_link(request_for(uid, reference=f"inv-{number + 2}"))
    cloud.set_trustee(uid=linked, trustee_uid=MASTER_UID)

    with pytest.raises(CloudRefused):
        cloud.set_trustee(uid="1792155717328036", trustee_uid=linked)

    assert cloud.credit(uid=linked).trustee_uid == MASTER_UID


def test_the_cloud_tells_the_time(cloud: Cloud) -> None:
    first = cloud.now()

    assert first <= cloud.now()
    assert abs(timezone.now() - first) < timedelta(hours=1)


def test_a_write_off_deducts_once_each_time(cloud: Cloud, world: SimulatedWorld, linked: str) -> None:
    world.consume(uid=linked, amount=Decimal("30.123456"))
    world.settle(uid=linked)

    cloud.write_off(uid=linked, amount=Decimal(10))

    credit = cloud.credit(uid=linked)
    assert (credit.deducted, credit.undeducted) == (Decimal("20.123456"), Decimal(0))


def test_a_refund_goes_below_zero_and_is_more_than_nothing(cloud: Cloud, world: SimulatedWorld, linked: str) -> None:
    world.consume(uid=linked, amount=Decimal("5.5"))
    world.settle(uid=linked)

    cloud.refund(uid=linked, amount=Decimal(8))
    with pytest.raises(CloudRefused):
        cloud.refund(uid=linked, amount=Decimal(0))

    assert cloud.credit(uid=linked).deducted == Decimal("-2.5")


def test_more_than_was_deducted_is_not_written_off(cloud: Cloud, linked: str) -> None:
    with pytest.raises(CloudRefused):
        cloud.write_off(uid=linked, amount=Decimal(1))


@pytest.mark.parametrize(
    "order",
    [
        lambda cloud: cloud.set_quota(uid=UID, amount=Decimal(-1)),
        lambda cloud: cloud.set_quota(uid=UID, amount=Decimal("NaN")),
        lambda cloud: cloud.set_warning(uid=UID, percent=0),
        lambda cloud: cloud.set_policy(uid=UID, policy="sometimes"),
        lambda cloud: cloud.set_purchase_control(uid=UID, control="maybe"),
        lambda cloud: cloud.freeze(uid="404"),
        lambda cloud: cloud.stop_payg(uid="404"),
        lambda cloud: cloud.resume_payg(uid="404"),
        lambda cloud: cloud.set_trustee(uid=UID, trustee_uid=UID),
        lambda cloud: cloud.set_trustee(uid=UID, trustee_uid="404"),
        lambda cloud: cloud.credit(uid="404"),
        lambda cloud: cloud.account(uid="404"),
        lambda cloud: cloud.set_permissions(uid=UID, scopes=[]),
        lambda cloud: cloud.set_permissions(uid="404", scopes=["view_bills"]),
        lambda cloud: cloud.permissions(uid="404"),
        lambda cloud: cloud.billing(uid="404"),
    ],
)
def test_what_makes_no_sense_is_refused(cloud: Cloud, linked: str, order: Callable[[Cloud], None]) -> None:
    before = cloud.credit(uid=linked)

    with pytest.raises(CloudRefused):
        order(cloud)

    assert cloud.credit(uid=linked) == before


def test_consumption_moves_the_figures_and_their_time(cloud: Cloud, world: SimulatedWorld, linked: str) -> None:
    before = cloud.credit(uid=linked)

    world.consume(uid=linked, amount=Decimal("1.5"))

    (changed,) = cloud.credits(partner_uid=PARTNER_UID, changed_since=before.as_of)
    assert changed.undeducted == Decimal("1.5")
    assert changed.as_of > before.as_of
    assert cloud.credits(partner_uid=OTHER_PARTNER_UID) == []


def test_an_unlinked_account_is_nobodys(cloud: Cloud, linked: str) -> None:
    cloud.unlink(uid=linked, partner_uid=OTHER_PARTNER_UID)
    assert cloud.check_access(uid=linked)

    cloud.unlink(uid=linked, partner_uid=PARTNER_UID)
    cloud.unlink(uid=linked, partner_uid=PARTNER_UID)

    assert not cloud.check_access(uid=linked)
    assert cloud.credits(partner_uid=PARTNER_UID) == []
    with pytest.raises(CloudRefused):
        cloud.freeze(uid=linked)


def test_a_link_alone_lets_the_partner_see_bills_and_nothing_else(cloud: Cloud, linked: str) -> None:
    assert cloud.permissions(uid=linked) == ["view_bills"]


def test_permissions_are_set_as_a_whole_and_may_be_repeated(cloud: Cloud, linked: str) -> None:
    cloud.set_permissions(uid=linked, scopes=["view_bills", "view_resources", "manage_resources"])
    cloud.set_permissions(uid=linked, scopes=["view_bills", "buy"])
    cloud.set_permissions(uid=linked, scopes=["buy", "view_bills"])

    assert set(cloud.permissions(uid=linked)) == {"view_bills", "buy"}


def test_permissions_do_not_outlive_the_link(cloud: Cloud, linked: str) -> None:
    cloud.set_permissions(uid=linked, scopes=["view_bills", "buy"])
    cloud.unlink(uid=linked, partner_uid=PARTNER_UID)

    cloud.start_link(request_for(partner_uid=OTHER_PARTNER_UID, reference="inv-2"))

    assert cloud.permissions(uid=linked) == ["view_bills"]


def test_what_somebody_changed_at_the_cloud_is_seen(cloud: Cloud, world: SimulatedWorld, linked: str) -> None:
    world.override(uid=linked, scopes=["view_bills", "view_resources"], bill_to="customer")

    assert cloud.permissions(uid=linked) == ["view_bills", "view_resources"]
    assert cloud.billing(uid=linked).payer == "customer"


@pytest.mark.parametrize(("account_type", "payer"), [(1, "customer"), (2, "partner")])
def test_who_pays_follows_from_the_type_of_the_account(cloud: Cloud, account_type: int, payer: str) -> None:
    cloud.start_link(replace(request_for(), account_type=account_type))

    assert cloud.billing(uid=UID).payer == payer


def test_the_first_bill_comes_late(cloud: Cloud, world: SimulatedWorld, linked: str) -> None:
    world.consume(uid=linked, amount=Decimal(3))
    assert cloud.billing(uid=linked).first_billed_at is None

    world.settle(uid=linked)

    first = cloud.billing(uid=linked).first_billed_at
    assert first is not None
    world.consume(uid=linked, amount=Decimal(3))
    world.settle(uid=linked)
    assert cloud.billing(uid=linked).first_billed_at == first
