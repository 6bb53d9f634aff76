"""Country codes and their names in the reader's language."""

from __future__ import annotations

from functools import lru_cache

import pycountry
from babel import Locale
from django.utils.translation import get_language, to_locale


def country_name(code: str) -> str:
    """“Japan” for JP, in the active language; the code itself when nobody has named it."""
    return dict(country_choices()).get(code, code)


def country_choices() -> list[tuple[str, str]]:
    """Every ISO 3166 country as (code, name), by name, in the active language."""
    return _choices(to_locale(get_language() or "en"))


@lru_cache(maxsize=8)
def _choices(locale: str) -> list[tuple[str, str]]:
    names = Locale.parse(locale).territories
    return sorted(((c.alpha_2, names.get(c.alpha_2, c.name)) for c in pycountry.countries), key=lambda pair: pair[1])
