"""Path converters: a UID in a URL is digits, so `/uids/import/` and `/uids/1792…/` never meet."""

from __future__ import annotations


class UIDConverter:
    regex = "[0-9]{1,20}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value
