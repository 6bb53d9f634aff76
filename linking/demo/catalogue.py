"""Made-up names and figures of the demo. Everything random comes from one seeded generator per partner."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

STEMS = (
    "Acorn", "Aster", "Banyan", "Cedar", "Coral", "Delta", "Falcon", "Granite", "Harbor", "Helix", "Indigo", "Juniper",
    "Kestrel", "Lumen", "Maple", "Merlion", "Northwind", "Nusantara", "Opal", "Orchid", "Pinecrest", "Quartz",
    "Redwood", "Summit", "Tidal", "Umber", "Vertex", "Willow", "Xenon", "Zephyr", "Łódź", "Söderberg", "Peña",
    "星河", "北辰", "海纳", "晨光", "华远", "さくら", "みずほ電装", "富士見", "青空", "柏木",
)  # fmt: skip
ENDINGS = {
    "SG": ("Pte. Ltd.", "Robotics", "Logistics"),
    "MY": ("Sdn Bhd", "Foods", "Mobility"),
    "ID": ("Nusantara", "Games", "Retail"),
    "JP": ("株式会社", "システム", "商事"),
    "HK": ("有限公司", "网络", "Bank"),
    "TH": ("Co., Ltd.", "Energy", "Media"),
    "PH": ("Inc.", "Health", "Analytics"),
    "AE": ("FZ-LLC", "Trading", "Energy"),
    "DE": ("GmbH", "Systems AG", "Logistik"),
    "GB": ("Ltd", "Studio", "& Sons"),
    "BR": ("S.A.", "Ltda", "Foods"),
}
REMARKS = (
    "", "", "", "renewal in Q3", "long-standing customer; pays late, call before freezing",
    "合同编号 2025-118",
    "前払い希望", "contract 4242/2025",
    "wants invoices split by project", "=SUM(A1:A9) is how they name their cost centre",
)  # fmt: skip
LABELS = ("VIP", "Prepaid", "Pilot", "东南亚", "要確認")
POLICIES = ("immediatelyStop",) * 5 + ("delayStop",) * 4 + ("noStop",)


@dataclass(frozen=True, slots=True)
class Person:
    email: str
    name: str
    role: str
    ram_uid: str
    language: str = "en"


@dataclass(frozen=True, slots=True)
class DemoPartner:
    code: str
    name: str
    kind: str
    master_uid: str
    domain: str
    contact: str
    people: tuple[Person, ...]
    n_accounts: int
    managers: tuple[str, ...]
    parent: str = ""
    language: str = "en"


PARTNERS = (
    DemoPartner(
        "acme", "Acme Cloud", "reseller", "5113766248601929", "acme.example",
        "Mei Lin, help@acme.example, +65 6555 0101",
        (
            Person("owner@acme.example", "Olivia Tan", "owner", "205113766248600001"),
            Person("manager@acme.example", "Mei Lin", "manager", "205113766248600002"),
            Person("finance@acme.example", "Kenji Sato", "finance", "205113766248600003"),
            Person("viewer@acme.example", "Ana Souza", "viewer", "205113766248600004"),
        ),
        300, ("Mei Lin", "Kenji Sato", "王芳", "Priya Nair", "Budi Santoso", ""),
    ),
    DemoPartner(
        "blue", "Blue Agency", "agency", "5432738203821334", "blue.example", "hello@blue.example",
        (Person("owner@blue.example", "Ben Okoro", "owner", "205432738203820001"),),
        40, ("",),
    ),
    DemoPartner(
        "delta", "Delta Distribution", "distributor", "5569414254138836", "delta.example", "desk@delta.example",
        (Person("owner@delta.example", "Dana Weiss", "owner", "205569414254130001"),),
        14, ("Dana Weiss", "高橋 彩", ""),
    ),
    DemoPartner(
        "echo", "Echo Resell", "reseller", "5248516846402795", "echo.example", "support@echo.example",
        (), 12, ("",), parent="delta", language="ja",
    ),
)  # fmt: skip
COUNTRIES = tuple(ENDINGS)


def generator(code: str) -> Random:
    """The partner's own dice: adding a partner changes nobody else's figures."""
    return Random(f"partner-console-demo-{code}")  # noqa: S311 made-up data, not a secret


def uid(dice: Random) -> str:
    """Sixteen digits, as real ones have; two partners never draw the same in the demo."""
    return dice.choice("15") + "".join(str(dice.randrange(10)) for _ in range(15))


def company(dice: Random, country: str) -> str:
    stem, ending = dice.choice(STEMS), dice.choice(ENDINGS[country])
    return f"{stem}{'' if ending in ('株式会社', '有限公司') and not stem.isascii() else ' '}{ending}"
