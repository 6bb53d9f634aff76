"""Workbooks made at once, for people to fill in or to correct and upload again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext_lazy

from partner_console.exports.cells import Kind
from partner_console.exports.workbook import Cover, write_workbook

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from partner_console.access.actor import Actor

REASON = gettext_lazy("Reason")


@dataclass(frozen=True, slots=True)
class Plain:
    """A column by its head alone."""

    label: str
    kind: str = Kind.TEXT


def kept_columns(headers: Sequence[str]) -> list[int]:
    """The columns that go back to people: the reasons of an earlier round are replaced."""
    return [at for at, header in enumerate(headers) if header not in (str(REASON), "Reason")]


def with_reason(headers: Sequence[str], keep: Sequence[int]) -> list[Plain]:
    return [*(Plain(headers[at]) for at in keep), Plain(str(REASON))]


def write_sheet(
    path: Path,
    *,
    actor: Actor,
    title: str,
    filter_text: str,
    columns: Sequence[Plain],
    rows: Iterable[Sequence[Any]],
) -> int:
    """Write the workbook at `path`, in the active language and zone; returns how many rows it has."""
    cover = Cover(title=title, made_by=actor.label, made_at=timezone.now(), filter_text=filter_text)
    return write_workbook(path, cover=cover, columns=columns, rows=rows, zone=timezone.get_current_timezone()).n_rows
