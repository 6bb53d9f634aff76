"""The list's search column: one lower-cased text per account, with every pair of CJK characters as a word of its own.

A trigram index needs three characters; Chinese and Japanese names are searched by two. `東京電力` is stored as
`東京電力 東京 電力 京電 力`, so that `東京` is found as a word, which is three characters to the index.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Concat, Lower

CJK = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af"


class Normalize(models.Func):
    """NFKC, so that full-width and half-width forms find each other; immutable, so it may be generated."""

    function = "normalize"
    template = "%(function)s(%(expressions)s, NFKC)"
    output_field = models.TextField()


class Replace(models.Func):
    """Every match of a regular expression; immutable."""

    function = "regexp_replace"
    output_field = models.TextField()

    def __init__(self, text: models.Expression | F, pattern: str, by: str) -> None:
        super().__init__(text, Value(pattern), Value(by), Value("g"))


def search_text() -> models.Expression:
    """Names and addresses, then the nickname's CJK characters in pairs, from the first and the second."""
    words = Concat(F("uid"), Value(" "), F("nickname"), Value(" "), F("login_name"), Value(" "), F("email"), Value(" "))
    runs = Replace(Normalize(F("nickname")), f"[^{CJK}]+", " ")
    from_second = Replace(runs, r"(^|\s)\S", r"\1")
    pairs = [Replace(text, r"(\S\S?)", r"\1 ") for text in (runs, from_second)]
    return Concat(Lower(Normalize(words)), *pairs)
