"""The gallery: the console's URLs and templates with `tests/web/gallery` beside them."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings


class Undefined(str):
    """Stands for a variable the template did not get: a fragment that needs one must say so (style §19)."""

    __slots__ = ()

    def __contains__(self, key: object) -> bool:
        return key == "%s"

    def __mod__(self, name: object) -> str:
        raise AssertionError(f"undefined template variable: {name}")


@pytest.fixture
def gallery(settings: Settings) -> None:
    """Serves the gallery; an undefined variable in any template fails."""
    settings.ROOT_URLCONF = "tests.web.gallery.urls"
    templates = copy.deepcopy(settings.TEMPLATES)
    templates[0]["DIRS"] = [*templates[0]["DIRS"], Path(__file__).parent / "gallery" / "templates"]
    templates[0]["OPTIONS"]["string_if_invalid"] = Undefined()
    settings.TEMPLATES = templates
