from .credit import CreditAccount
from .imports import AccountImport, ImportRow
from .ledger import LedgerEntry
from .warning import Warning

__all__ = ["AccountImport", "CreditAccount", "ImportRow", "LedgerEntry", "Warning"]
