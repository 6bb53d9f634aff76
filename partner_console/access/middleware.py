"""Builds `request.actor` once, picks the partner the person works in, and their language and zone."""

from __future__ import annotations

import uuid
import zoneinfo
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from .actor import NOBODY, Actor, actor_for_membership, operator_actor
from .models import DEFAULT_ZONE
from .selectors import memberships_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .models import Membership, User

PARTNER_SESSION_KEY = "partner"
SEEN_EVERY = timedelta(minutes=5)


class ActorRequest(HttpRequest):
    """A request behind `ActorMiddleware`: what every view is given."""

    actor: Actor
    membership: Membership | None
    memberships: list[Membership]  # the partners this person may work in
    user: User


class SessionsMiddleware:
    """Where people are signed in, with when they were last seen: written at most every five minutes and when the
    browser or the address changed. django-allauth's own writes at every request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and request.session.session_key and not self._is_known(request):
            UserSession.objects.create_from_request(request)
        return self.get_response(request)

    @staticmethod
    def _is_known(request: HttpRequest) -> bool:
        longest = UserSession._meta.get_field("user_agent").max_length
        known = UserSession.objects.filter(
            session_key=request.session.session_key,
            user_id=request.user.pk,
            ip=get_adapter().get_client_ip(request),
            user_agent=request.META.get("HTTP_USER_AGENT", "")[:longest],
            last_seen_at__gt=timezone.now() - SEEN_EVERY,
        )
        return bool(known.exists())


class ActorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: ActorRequest) -> HttpResponse:
        request_id = structlog.contextvars.get_contextvars().get("request_id") or str(uuid.uuid4())
        request.membership, request.memberships = None, []
        request.actor = NOBODY
        if request.user.is_authenticated:
            request.memberships = memberships_of(request.user.pk)
            request.membership = self._membership(request)
            if request.membership is not None:
                request.actor = actor_for_membership(request.membership, request_id=request_id)
            elif request.user.is_staff:
                request.actor = operator_actor(request.user, request_id=request_id)
            self._speak(request)
        with timezone.override(self._zone(request)):
            return self.get_response(request)

    @staticmethod
    def _membership(request: ActorRequest) -> Membership | None:
        """The chosen partner's membership, else the first. An operator is one until they choose a partner."""
        memberships = request.memberships
        chosen = request.session.get(PARTNER_SESSION_KEY)
        for membership in memberships:
            if membership.partner_id == chosen:
                return membership
        return None if request.user.is_staff or not memberships else memberships[0]

    @staticmethod
    def _speak(request: ActorRequest) -> None:
        """The person's own language unless this browser chose one (the cookie wins: it is the latest choice)."""
        if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES and request.user.language:
            translation.activate(request.user.language)
            request.LANGUAGE_CODE = request.user.language

    @staticmethod
    def _zone(request: ActorRequest) -> zoneinfo.ZoneInfo:
        name = getattr(request.user, "time_zone", "") or (
            request.membership.partner.time_zone if request.membership else ""
        )
        try:
            return zoneinfo.ZoneInfo(name or DEFAULT_ZONE)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            return zoneinfo.ZoneInfo(DEFAULT_ZONE)
