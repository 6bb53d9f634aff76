"""Limits the cloud counts in bytes, not characters (acpn.md §13)."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.deconstruct import deconstructible
from django.utils.translation import gettext_lazy as _


@deconstructible
class MaxBytesValidator:
    """At most `limit` bytes of UTF-8: 漢字 take three each."""

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def __call__(self, value: str) -> None:
        used = len(value.encode())
        if used > self.limit:
            raise ValidationError(
                _("%(used)d bytes; at most %(limit)d are allowed. Chinese and Japanese characters take 3 each."),
                code="max_bytes",
                params={"used": used, "limit": self.limit},
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MaxBytesValidator) and self.limit == other.limit

    def __hash__(self) -> int:
        return hash(self.limit)
