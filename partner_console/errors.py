"""What can go wrong in the domain. The web layer turns each kind into one HTTP status (design §7, style §8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Message: TypeAlias = str | _StrPromise


class DomainError(Exception):
    """A rule said no. `message` is for the user: translated, the cause and what to do next.

    `code` is stable and for programs; `field` names the form field or argument it is about; `data` is structured
    detail (for example the two values of a conflicting edit).
    """

    status: ClassVar[int] = 500

    def __init__(self, code: str, message: Message, *, field: str = "", data: dict[str, Any] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.field = field
        self.data = data or {}

    def __str__(self) -> str:
        return str(self.message)


class NotFound(DomainError):
    """It does not exist, or not for this actor: the two are never told apart."""

    status = 404


class Forbidden(DomainError):
    """Visible, but this actor may not do this. The message is the policy's reason."""

    status = 403


class Conflict(DomainError):
    """The thing is not in a state that allows this, or somebody changed it meanwhile."""

    status = 409


class Invalid(DomainError):
    """The input cannot be accepted as it is."""

    status = 422


class Unavailable(DomainError):
    """Something we depend on did not answer; the same call may work later."""

    status = 503
