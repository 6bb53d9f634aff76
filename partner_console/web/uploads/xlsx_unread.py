"""Cells of a worksheet calamine hands out empty: formulas that were never calculated, and error values."""

import re
import zipfile
from posixpath import join, normpath
from typing import IO

from django.utils.translation import gettext as _
from lxml import etree

from partner_console.errors import Invalid
from partner_console.web.uploads.table import plain_text

MOST_UNREAD_CELLS = 200_000
CHUNK = 1 << 20
UNREAD_CELL = re.compile(rb"""<(?:\w+:)?f[\s/>]|\st=["']e["']""")
REFERENCE = re.compile(r"([A-Z]{1,3})(\d+)")
RELATIONSHIPS = (
    "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id",
    "{http://purl.oclc.org/ooxml/officeDocument/relationships}id",
)

type_of_unread = dict[int, dict[int, str]]


def unread_cells(package: zipfile.ZipFile, sheet: str) -> type_of_unread:
    """Uncalculated formulas as the text `=…` and errors as `#N/A`: `{row from 1: {column from 0: text}}`.

    Most sheets have none, which a quick search of the bytes shows. Raises `Invalid` when there are too many.
    """
    part = _part_of(package, sheet)
    with package.open(part) as stream:
        if not _occurs(stream, UNREAD_CELL):
            return {}
    unread: type_of_unread = {}
    count = 0
    with package.open(part) as stream:
        for _event, element in etree.iterparse(
            stream,
            tag=("{*}c", "{*}row"),
            huge_tree=True,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
        ):
            if etree.QName(element).localname == "row":
                _forget(element)
                continue
            match = REFERENCE.fullmatch(element.get("r", ""))
            if match and (text := _unread_text(element)):
                unread.setdefault(int(match[2]), {})[_column(match[1])] = plain_text(text)
                count += 1
                if count > MOST_UNREAD_CELLS:
                    raise Invalid(
                        "upload_formulas",
                        _("The sheet has too many formulas without results. Save it in Excel and try again."),
                    )
    return unread


def _forget(row: etree._Element) -> None:
    """Drop a finished row: lxml would keep the whole sheet in memory."""
    row.clear()
    while row.getprevious() is not None:
        del row.getparent()[0]


def _unread_text(cell: etree._Element) -> str:
    parts = {etree.QName(child).localname: child.text or "" for child in cell}
    if cell.get("t") == "e":
        return parts.get("v", "")
    if parts.get("f") and not parts.get("v"):
        return f"={parts['f']}"
    return ""


def _occurs(stream: IO[bytes], pattern: re.Pattern[bytes]) -> bool:
    tail = b""
    while chunk := stream.read(CHUNK):
        if pattern.search(tail + chunk):
            return True
        tail = chunk[-64:]
    return False


def _part_of(package: zipfile.ZipFile, sheet: str) -> str:
    """Where in the archive the named sheet lies. Raises `KeyError` when the workbook contradicts itself."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
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
