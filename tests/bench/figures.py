"""One measured figure and what it has to hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A ratio against something measured in the same run (or a count), with the target it was judged by."""

    name: str
    value: float
    unit: str
    target: str
    holds: bool


def at_most(name: str, value: float, limit: float, unit: str = "×") -> Figure:
    return Figure(name, round(value, 3), unit, f"≤ {limit:g}", value <= limit)


def at_least(name: str, value: float, limit: float, unit: str = "×") -> Figure:
    return Figure(name, round(value, 3), unit, f"≥ {limit:g}", value >= limit)


def noted(name: str, value: float, unit: str) -> Figure:
    """A figure that explains the others and has no target of its own."""
    return Figure(name, round(value, 3), unit, "", holds=True)
