"""Sign-in by e-mail and password; demo logins work only while the demo is on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.auth_backends import AuthenticationBackend
from django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest

    from .models import User


class ConsoleBackend(AuthenticationBackend):  # type: ignore[misc]  # allauth publishes no types
    """A demo user outside the demo (DEMO=0, or a real server given the demo's database) neither signs in nor stays
    signed in: their password was printed on a screen."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        user: User | None = super().authenticate(request, **credentials)
        return None if user is None or _is_stray_demo_user(user) else user

    def get_user(self, user_id: int) -> User | None:
        user: User | None = super().get_user(user_id)
        return None if user is None or _is_stray_demo_user(user) else user


def _is_stray_demo_user(user: User) -> bool:
    return user.is_demo and not settings.DEMO
