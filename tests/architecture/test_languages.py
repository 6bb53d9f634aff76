"""Every message is there in every language, and says it with the same placeholders and markup."""

from __future__ import annotations

import ast
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.template.base import Lexer, TokenType

from partner_console.catalogues import KEYWORDS, LOCALES, collect, load, sources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from babel.messages.catalog import Message

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"%\(\w+\)[#0\- +]*[\d.]*[a-zA-Z]|\{\w*(?:![rsa])?(?::[^{}]*)?\}")
IN_ORDER = re.compile(r"%[sdrf%]")
TAG = re.compile(r"</?[a-z][^<>]*>")
WORD = re.compile(r"[A-Za-z]{2,}")
# Between these, a template's text is translated, or nobody reads it.
OPENING = re.compile(r"blocktranslate\b|comment\b|block \w+_class$")
CLOSING = re.compile(r"endblocktranslate$|endcomment$|endblock\b")
# What is not translated: names, formats and the field's own short forms.
NAMES = {"UID", "CID", "CSV", "Excel", "XLSX", "RAM", "USD", "Ctrl", "Enter", "Esc"}
READ_ALOUD = {"title", "alt", "placeholder", "aria-label"}


def key_of(message: Message) -> tuple[str | None, str]:
    return message.context, message.id if isinstance(message.id, str) else message.id[0]


def texts_of(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def named(key: tuple[str | None, str]) -> str:
    context, text = key
    return f"{context} | {text}" if context else text


@cache
def wanted() -> dict[tuple[str | None, str], Message]:
    return {key_of(m): m for m in collect(ROOT) if m.id}


@cache
def written(locale: str) -> dict[tuple[str | None, str], Message]:
    return {key_of(m): m for m in load(ROOT, locale) if m.id}


def placeholders(text: str) -> tuple[set[str], list[str]]:
    """A language may say a name twice; what has no name has its number and its order."""
    return set(NAMED.findall(text)), IN_ORDER.findall(text)


def pairs(locale: str) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Every translation: the forms it may follow, the form in its place, and itself."""
    for key, message in written(locale).items():
        forms = (message.id,) if isinstance(message.id, str) else tuple(message.id)
        for text in texts_of(message):
            if text and key in wanted():
                yield forms, forms[-1], text


@pytest.mark.parametrize("locale", LOCALES)
def test_nothing_is_left_to_translate(locale: str) -> None:
    catalogue = written(locale)
    problems = [f"missing: {named(key)}" for key in wanted() if key not in catalogue]
    for key, message in catalogue.items():
        plural = isinstance(message.id, tuple | list)
        texts = texts_of(message)
        if key not in wanted():
            problems.append(f"no longer said: {named(key)}")
        elif plural != (not isinstance(wanted()[key].id, str)):
            problems.append(f"plural in one and not in the other: {named(key)}")
        elif len(texts) != 1 or not all(texts):
            problems.append(f"empty: {named(key)}")
        elif message.fuzzy:
            problems.append(f"fuzzy: {named(key)}")
    problems += [f"obsolete: {named(key_of(m))}" for m in load(ROOT, locale).obsolete.values()]

    assert not problems, f"{locale}: run `make messages` and translate\n" + "\n".join(problems)


@pytest.mark.parametrize("locale", LOCALES)
def test_placeholders_and_markup_are_kept(locale: str) -> None:
    problems = []
    for forms, last, text in pairs(locale):
        # One plural form stands for both: it may leave out the number that only one of them shows.
        if placeholders(text) not in [placeholders(form) for form in forms]:
            problems.append(f"placeholders: {last!r} → {text!r}")
        if sorted(TAG.findall(text)) not in [sorted(TAG.findall(form)) for form in forms]:
            problems.append(f"markup: {last!r} → {text!r}")
        if [text[:1].isspace(), text[-1:].isspace()] != [last[:1].isspace(), last[-1:].isspace()]:
            problems.append(f"space at the ends: {last!r} → {text!r}")
        if text.count("\n") != last.count("\n"):
            problems.append(f"lines: {last!r} → {text!r}")

    assert not problems, f"{locale}:\n" + "\n".join(problems)


class Said(HTMLParser):
    """The texts and read-aloud attributes of a template whose tags and variables were taken out."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.ignored = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.texts += [value for name, value in attrs if name in READ_ALOUD and value]
        self.ignored += tag in {"code", "kbd", "style", "script"}

    def handle_endtag(self, tag: str) -> None:
        self.ignored -= tag in {"code", "kbd", "style", "script"}

    def handle_data(self, data: str) -> None:
        if not self.ignored:
            self.texts.append(data)


def untranslated(source: str) -> list[str]:
    kept, inside = [], False
    for token in Lexer(source).tokenize():
        if token.token_type == TokenType.BLOCK:
            if CLOSING.match(token.contents):
                inside = False
            inside = inside or bool(OPENING.match(token.contents))
        elif token.token_type == TokenType.TEXT and not inside:
            kept.append(token.contents)
    page = Said()
    page.feed("".join(kept))
    page.close()
    return [text.strip() for text in page.texts if set(WORD.findall(text)) - NAMES]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "templates").rglob("*.html")), ids=lambda p: p.relative_to(ROOT).as_posix()
)
def test_a_template_says_nothing_in_english_only(path: Path) -> None:
    assert untranslated(path.read_text(encoding="utf-8")) == []


def test_english_only_is_noticed() -> None:
    source = """{% block page_class %}page-narrow{% endblock %}<p>{% translate "Fine" %} <code>uid</code> · UID</p>
    <button title="Close">Send now</button>{% blocktranslate trimmed %}Fine too{% endblocktranslate %}"""

    assert untranslated(source) == ["Close", "Send now"]


def test_no_message_stands_inside_an_f_string() -> None:
    """Babel does not find it there (before Python 3.12), and nobody would translate it."""
    hidden = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in sources(ROOT)
        if path.suffix == ".py"
        for text in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(text, ast.JoinedStr)
        for call in ast.walk(text)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in {"_", *KEYWORDS}
        and call.args and isinstance(call.args[0], ast.Constant)
    ]  # fmt: skip

    assert hidden == []
