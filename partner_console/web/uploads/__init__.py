"""Reading tables people upload or paste: XLSX, CSV, TSV. Cells come out as exact text, nothing is run."""

from partner_console.web.uploads.columns import Field, currency_of, guess_columns, in_every_language
from partner_console.web.uploads.reader import read_fitting, read_pasted, read_upload
from partner_console.web.uploads.table import LIMITS, Limits, Row, Table
from partner_console.web.uploads.values import parse_money, parse_percent, parse_time

__all__ = [
    "LIMITS",
    "Field",
    "Limits",
    "Row",
    "Table",
    "currency_of",
    "guess_columns",
    "in_every_language",
    "parse_money",
    "parse_percent",
    "parse_time",
    "read_fitting",
    "read_pasted",
    "read_upload",
]
