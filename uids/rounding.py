"""Batches whose ids a spreadsheet has rounded. Pure.

A spreadsheet keeps 15 digits of a number, so a rounded 16-digit id ends in 0 (peers.md §4.2).
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.utils.translation import ngettext

from uids.identifiers import SPREADSHEET_DIGITS

FEWEST_IDS = 5
CHANCE_LIMIT = 1e-4  # fewer than one honest batch in 10,000 is stopped
SHARE_LIMIT = 0.2  # and never a large one whose numbering merely leans towards 0
ZERO_CHANCE = 0.1
SHOWN_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class RoundingSuspicion:
    """A batch to stop. `chance` is how likely so many zeros are in an undamaged batch."""

    long_ids: int
    ending_in_zero: int
    chance: float
    examples: tuple[str, ...]

    @property
    def text(self) -> str:
        """The explanation for staff, in the active language."""
        return ngettext(
            "%(zeros)d of %(all)d UID with more than 15 digits ends in 0: a spreadsheet has probably rounded "
            "it. Nothing was imported. Format the column as text and enter the UIDs again from their source.",
            "%(zeros)d of %(all)d UIDs with more than 15 digits end in 0: a spreadsheet has probably "
            "rounded them. Nothing was imported. Format the column as text and enter the UIDs again from "
            "their source.",
            self.long_ids,
        ) % {"zeros": self.ending_in_zero, "all": self.long_ids}


def rounded_batch(uids: Iterable[str]) -> RoundingSuspicion | None:
    """Judge the cleaned ids of one paste or file together; None if they look whole. Repeats count once."""
    long_ids = dict.fromkeys(uid for uid in uids if len(uid) > SPREADSHEET_DIGITS and uid.isdigit())
    zeros = [uid for uid in long_ids if uid.endswith("0")]
    return judge_counts(len(long_ids), len(zeros), lambda: tuple(zeros[:SHOWN_EXAMPLES]))


def judge_counts(long_ids: int, zeros: int, examples: Callable[[], tuple[str, ...]]) -> RoundingSuspicion | None:
    """The same for ids counted elsewhere: how many different ones have more than 15 digits, and end in 0."""
    if long_ids < FEWEST_IDS or zeros < SHARE_LIMIT * long_ids:
        return None
    chance = _chance_of_at_least(zeros, long_ids)
    if chance >= CHANCE_LIMIT:
        return None
    return RoundingSuspicion(long_ids, zeros, chance, examples())


def _chance_of_at_least(hits: int, tries: int) -> float:
    """Upper tail of the binomial distribution, summed from its largest term until the rest cannot matter."""
    if hits <= tries * ZERO_CHANCE:
        return 1.0
    log_term = (
        math.lgamma(tries + 1)
        - math.lgamma(hits + 1)
        - math.lgamma(tries - hits + 1)
        + hits * math.log(ZERO_CHANCE)
        + (tries - hits) * math.log1p(-ZERO_CHANCE)
    )
    term, total = math.exp(log_term), 0.0
    for k in range(hits, tries + 1):
        total += term
        if term < total * 1e-9:
            break
        term *= (tries - k) / (k + 1) * ZERO_CHANCE / (1 - ZERO_CHANCE)
    return total
