from quota.models.alert import CustomerAlert, Mailing, SilentFeed, WarningSettings
from quota.models.boost import Boost, BoostState
from quota.models.calendar import ReleaseFeed
from quota.models.credit import CreditAccount
from quota.models.daily import DailyFlow, RollUp
from quota.models.feed import UsageFeed
from quota.models.imports import AccountImport, ImportRow
from quota.models.ledger import LedgerEntry
from quota.models.quota_batch import QuotaBatch, QuotaBatchRow
from quota.models.rules import RuleRefresh, WarningRule
from quota.models.shutdown import ShutdownNotice
from quota.models.warning import Warning, WarningLine

__all__ = [
    "AccountImport",
    "Boost",
    "BoostState",
    "CreditAccount",
    "CustomerAlert",
    "DailyFlow",
    "ImportRow",
    "LedgerEntry",
    "Mailing",
    "QuotaBatch",
    "QuotaBatchRow",
    "ReleaseFeed",
    "RollUp",
    "RuleRefresh",
    "ShutdownNotice",
    "SilentFeed",
    "UsageFeed",
    "Warning",
    "WarningLine",
    "WarningRule",
    "WarningSettings",
]
