"""Cells of a worksheet calamine hands out empty: formulas that were never calculated, and error values."""

import re
import zipfile
from collections.abc import Iterator
from posixpath import join, normpath
from typing import IO

from django.utils.translation import gettext as _
from lxml import etree

from partner_console.errors import Invalid
from partner_console.web.uploads.table import plain_text

MOST_UNREAD_CELLS = 200_000
CHUNK = 1 << 20
# Plain bytes, because a regular expression takes ten times as long: opening tags of formulas, types of errors.
SUSPICIOUS = (b"<f>", b"<f ", b":f>", b":f ", b't="e"', b"t='e'")
UNREAD = etree.XPath(
    "//*[local-name()='c'][(@t='e' and *[local-name()='v'])"
    " or (*[local-name()='f']/text() and not(*[local-name()='v']/text()))]"
)
ROW_END = b"row>"  # with or without a namespace prefix
LONGEST_ROW = 16_000_000
SAFELY = {"resolve_entities": False, "no_network": True, "load_dtd": False}
REFERENCE = re.compile(r"([A-Z]{1,3})(\d+)")
RELATIONSHIPS = (
    "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id",
    "{http://purl.oclc.org/ooxml/officeDocument/relationships}id",
)

type_of_unread = dict[int, dict[int, str]]


def unread_cells(package: zipfile.ZipFile, sheet: str) -> type_of_unread:
    """Uncalculated formulas as the text `=…` and errors as `#N/A`: `{row from 1: {column from 0: text}}`.

    Few rows have any, so only those are parsed; a search of the bytes finds them. Raises `Invalid` when there
    are too many.
    """
    unread: type_of_unread = {}
    count = 0
    with package.open(_part_of(package, sheet)) as stream:
        for cell in _suspects(stream):
            if match := REFERENCE.fullmatch(cell.get("r", "")):
                unread.setdefault(int(match[2]), {})[_column(match[1])] = plain_text(_unread_text(cell))
                count += 1
            if count > MOST_UNREAD_CELLS:
                raise Invalid(
                    "upload_formulas",
                    _("The sheet has too many formulas without results. Save it in Excel and try again."),
                )
    return unread


def _suspects(stream: IO[bytes]) -> Iterator[etree._Element]:
    parser = etree.XMLParser(recover=True, huge_tree=True, **SAFELY)  # a row alone lacks its namespaces
    for fragment in _row_fragments(stream):
        if any(mark in fragment for mark in SUSPICIOUS):
            row = etree.fromstring(b"<rows>" + fragment + b"</rows>", parser)
            yield from () if row is None else UNREAD(row)


def _row_fragments(stream: IO[bytes]) -> Iterator[bytes]:
    """The sheet's bytes cut behind each row."""
    rest = b""
    while chunk := stream.read(CHUNK):
        *fragments, rest = (rest + chunk).split(ROW_END)
        yield from (fragment[max(fragment.find(b"<sheetData"), 0) :] for fragment in fragments)
        if len(rest) > LONGEST_ROW:
            raise EOFError


def _unread_text(cell: etree._Element) -> str:
    parts = {etree.QName(child).localname: child.text or "" for child in cell}
    return parts.get("v") or f"={parts.get('f', '')}"


def _part_of(package: zipfile.ZipFile, sheet: str) -> str:
    """Where in the archive the named sheet lies. Raises `KeyError` when the workbook contradicts itself."""
    parser = etree.XMLParser(**SAFELY)
    workbook = etree.fromstring(package.read("xl/workbook.xml"), parser)
    links = etree.fromstring(package.read("xl/_rels/workbook.xml.rels"), parser)
    keys = {
        one.get("name"): next((one.get(name) for name in RELATIONSHIPS if one.get(name)), None)
        for one in workbook.iter("{*}sheet")
    }
    targets = {link.get("Id"): link.get("Target") for link in links.iter("{*}Relationship")}
    return normpath(join("xl", targets[keys[sheet]])).lstrip("/")


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1
