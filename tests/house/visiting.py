"""People at work in a running console, over HTTP like a browser without scripts, who remember what they were told."""

from __future__ import annotations

import contextlib
import http.client
import http.cookiejar
import itertools
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from bs4 import BeautifulSoup

from tests.house.running import LOGIN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DONE, AWAY, UNREACHABLE = 303, 503, 0


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    text: str = ""
    location: str = ""


@dataclass(frozen=True, slots=True)
class Deed:
    """What was asked, under a word no other deed has, and whether a page said that it is done."""

    kind: str
    uid: str
    word: str
    is_done: bool
    location: str = ""


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class Visitor:
    """One browser: cookies, and forms as they come."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies), NoRedirect())

    def get(self, path: str) -> Answer:
        return self._open(urllib.request.Request(self.base + path))  # noqa: S310 - our own base

    def post(self, path: str, **fields: object) -> Answer:
        token = next((cookie.value for cookie in self.cookies if cookie.name == "csrftoken"), "")
        data = urlencode({"csrfmiddlewaretoken": token, **fields}).encode()
        return self._open(urllib.request.Request(self.base + path, data))  # noqa: S310 - our own base

    def sign_in(self, email: str, password: str) -> None:
        assert self.get(LOGIN).status == 200
        assert self.post(LOGIN, login=email, password=password).status in (302, 303)

    def _open(self, request: urllib.request.Request) -> Answer:
        try:
            with self._opener.open(request, timeout=90) as response:
                return Answer(response.status, response.read().decode(errors="replace"))
        except urllib.error.HTTPError as answer:
            with answer:
                return Answer(answer.code, answer.read().decode(errors="replace"), answer.headers.get("Location", ""))
        except (OSError, http.client.HTTPException):
            return Answer(UNREACHABLE)


class Colleague(threading.Thread):
    """Does one thing after another until told to stop; each on an account that nobody else touches meanwhile."""

    def __init__(self, visitor: Visitor, name: str, uids: Sequence[str], export: str, invited: Sequence[str]) -> None:
        super().__init__(daemon=True)
        self.visitor, self.word = visitor, name
        self.named, self.paid, self.frozen = uids[::3], uids[1::3], list(uids[2::3])
        self.export, self.invited = export, list(invited)
        self.numbers = itertools.count(1)
        self.deeds: list[Deed] = []
        self.odd: list[str] = []
        self.mid_request = threading.Event()
        self.leave = threading.Event()

    def run(self) -> None:
        for act in itertools.cycle((self.name_it, self.set_quota, self.freeze, self.set_quota, self.invite, self.ask)):
            if self.leave.is_set():
                return
            with contextlib.suppress(Failed):
                act(next(self.numbers))

    def name_it(self, number: int) -> None:
        uid, word = self.named[number % len(self.named)], f"{self.word} name {number}"
        path = f"/uids/{uid}/edit/"
        self.deed(
            "nickname", uid, word, path, version=self.version(path), nickname=word, business_manager="", remarks=""
        )

    def set_quota(self, number: int) -> None:
        uid, word = self.paid[number % len(self.paid)], f"{self.word} quota {number}"
        path = f"/uids/{uid}/quota/edit/"
        given = {"amount": f"{1000 + number}.25", "reason": word, "version": self.version(path)}
        review = self.told(self.visitor.post(path, **given), 200, path)
        assert BeautifulSoup(review.text, "html.parser").select_one("button[name=confirm]")
        self.deed("quota", uid, word, path, **given, confirm=1)

    def freeze(self, number: int) -> None:
        if self.frozen:
            uid, word = self.frozen.pop(), f"{self.word} freeze {number}"
            self.deed("freeze", uid, word, f"/uids/{uid}/freeze/", reason=word)

    def invite(self, number: int) -> None:
        if self.invited:
            uid, word = self.invited.pop(), f"{self.word}{number}@customer.example"
            self.deed(
                "invitation", uid, word, "/links/new/", uid=uid, company="Customer", email=word, language="en",
                country="", environment="production", purpose="", crm_reference="", quota="10", warning_percent="20",
                shutdown_policy="immediatelyStop", purchase_control="normal", business_manager="", remarks="",
                note_to_customer="",
            )  # fmt: skip

    def ask(self, number: int) -> None:
        """For an export by the worker: the same once more always goes to it. Five may wait at once."""
        if sum(deed.kind == "export" for deed in self.deeds) < 2:
            self.deed("export", "", f"{self.word} export {number}", f"{self.export}repeat/")

    def version(self, path: str) -> str:
        field = BeautifulSoup(self.told(self.visitor.get(path), 200, path).text, "html.parser")
        return str(field.select_one("input[name=version]")["value"])  # type: ignore[index]

    def deed(self, kind: str, uid: str, word: str, path: str, /, **fields: object) -> None:
        self.mid_request.set()
        answer = self.visitor.post(path, **fields)
        self.mid_request.clear()
        self.deeds.append(Deed(kind, uid, word, answer.status == DONE, answer.location))
        self.told(answer, DONE, path)

    def told(self, answer: Answer, wanted: int, path: str) -> Answer:
        """As wanted, or that the console is away: anything else is odd."""
        if answer.status == wanted:
            return answer
        if answer.status != AWAY and not (answer.status == UNREACHABLE and self.leave.is_set()):
            self.odd.append(f"{path}: {answer.status} {BeautifulSoup(answer.text, 'html.parser').get_text(' ')[:2000]}")
        raise Failed


class Failed(Exception):
    """A page that did not do what was asked."""


@contextlib.contextmanager
def at_work(make: Callable[[], list[Colleague]]) -> Any:
    """Colleagues at work for as long as the block runs."""
    colleagues = make()
    for one in colleagues:
        one.start()
    try:
        yield colleagues
    finally:
        for one in colleagues:
            one.leave.set()
        for one in colleagues:
            one.join(120)
