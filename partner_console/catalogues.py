"""The message catalogues: finds what the console says and brings `locale/` up to date. `make messages` runs it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDERS = ("linking", "partner_console", "quota", "templates", "uids")
LOCALES = ("ja", "zh_Hans")
KEYWORDS: dict[str, Any] = {
    **DEFAULT_KEYWORDS,
    "_l": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
# Without dates, so that a catalogue differs only when its messages do.
HEADER = """\
msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""


def sources(root: Path) -> Iterator[Path]:
    """Every file a message can stand in, in a fixed order."""
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in {".py", ".html", ".txt"} and "migrations" not in path.parts:
                yield path


def messages_in(path: Path) -> Iterator[tuple[Any, Any, Any]]:
    """The messages of one file: ids, translators' comments, context."""
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        # Django's own reader of templates; the parentheses keep its indentation from being Python's.
        source = f"({templatize(source, origin=str(path))}\n)"
    found = extract("python", io.BytesIO(source.encode()), KEYWORDS, comment_tags=("Translators:",))
    for _line, ids, comments, context in found:
        yield ids, comments, context


def collect(root: Path) -> Catalog:
    """All messages of the source, each with the files that say it."""
    catalogue = Catalog(charset="utf-8")
    for path in sources(root):
        for ids, comments, context in messages_in(path):
            where = [(path.relative_to(root).as_posix(), None)]
            catalogue.add(ids, locations=where, auto_comments=comments, context=context)  # type: ignore[arg-type]
    return catalogue


def path_of(root: Path, locale: str) -> Path:
    return root / "locale" / locale / "LC_MESSAGES" / "django.po"


def load(root: Path, locale: str) -> Catalog:
    path = path_of(root, locale)
    if not path.exists():
        return Catalog(locale=locale, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=locale, charset="utf-8")


def save(root: Path, locale: str, catalogue: Catalog) -> None:
    """The same messages give the same bytes: sorted by file, no line numbers, no dates, one line for each."""
    body = io.BytesIO()
    write_po(
        body,
        catalogue,
        width=0,
        omit_header=True,
        sort_by_file=True,
        ignore_obsolete=True,
        include_lineno=False,
    )
    path = path_of(root, locale)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEADER.format(language=locale) + body.getvalue().decode().lstrip("\n"), encoding="utf-8")


def update(root: Path) -> dict[str, int]:
    """Bring each catalogue up to the source and lose what it no longer says. Returns what is left to translate."""
    template = collect(root)
    left = {}
    for locale in LOCALES:
        catalogue = load(root, locale)
        # A guess from a similar message would be wrong in words nobody checked.
        catalogue.update(template, no_fuzzy_matching=True)
        save(root, locale, catalogue)
        left[locale] = sum(1 for m in catalogue if m.id and not (m.string and m.string[0]))
    return left


if __name__ == "__main__":
    import sys
    from pathlib import Path

    for locale, count in update(Path(__file__).parent.parent).items():
        sys.stdout.write(f"{path_of(Path(), locale)}: {count} to translate\n")
