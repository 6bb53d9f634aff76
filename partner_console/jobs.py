"""Long work on rows, whichever app's: claimed by one worker, held while it works, taken over from a dead one.

The broker only wakes: a redelivered message finds nothing to claim, and what a killed worker left behind is found by
the app's sweep (design §8).
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError, models, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from partner_console.access.actor import actor_for_membership, system_actor
from partner_console.access.models import LANGUAGE_CHOICES, Partner, User
from partner_console.access.scoping import PartnerScoped
from partner_console.access.selectors import memberships_of
from partner_console.errors import DomainError, Forbidden

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from datetime import timedelta

    from django.db.models import QuerySet
    from django.utils.functional import Promise

    from partner_console.access.actor import Actor

logger = structlog.get_logger(__name__)

SWEPT_AT_ONCE = 100


class Job(PartnerScoped):
    """What every job says of itself. `error`, and the words of its rows, are in `language`.

    `attempts` counts claims: a worker whose count is no longer the row's has lost the job. `heartbeat_at` is when the
    worker was last heard of.
    """

    partner_path: ClassVar[str] = "partner"
    WAITING: ClassVar[tuple[str, ...]]
    WORKING: ClassVar[tuple[str, ...]]
    FINAL: ClassVar[tuple[str, ...]]

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    language = models.CharField(max_length=10, choices=LANGUAGE_CHOICES, default="en")
    n_rows = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    cancel_requested = models.BooleanField(default=False)
    error = models.TextField(blank=True, default="")
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True

    # Every job has one, with its own vocabulary.
    state: models.CharField  # type: ignore[type-arg]

    @property
    def is_busy(self) -> bool:
        """A worker has it or will: the page asks again."""
        return self.state in self.WAITING or self.state in self.WORKING

    @property
    def is_final(self) -> bool:
        return self.state in self.FINAL

    @property
    def can_be_cancelled(self) -> bool:
        return not self.is_final and not self.cancel_requested


J = TypeVar("J", bound=Job)


@transaction.atomic
def claim(model: type[J], pk: int, next_state: Mapping[str, str], *conditions: models.Q) -> J | None:
    """The job, moved from the state it waits in to the one it is worked on in; None when it waits for nobody."""
    waiting = model.objects.select_for_update(skip_locked=True, of=("self",)).select_related("partner", "user")
    job: J | None = waiting.filter(*conditions, pk=pk, state__in=next_state).first()
    if job is None:
        return None
    job.state, job.heartbeat_at = next_state[job.state], timezone.now()
    job.started_at = job.started_at or job.heartbeat_at
    job.attempts += 1
    job.save(update_fields=["state", "heartbeat_at", "started_at", "attempts"])
    return job


def still_ours(job: J) -> J | None:
    """The job's row, locked, as long as no other worker has taken it over."""
    rows = type(job).objects.select_for_update(of=("self",)).select_related("partner", "user")
    found: J | None = rows.filter(pk=job.pk, state=job.state, attempts=job.attempts).first()
    return found


@transaction.atomic
def recover_silent(
    model: type[J],
    *,
    before: Mapping[str, str],
    silent_for: timedelta,
    is_hopeless: Callable[[J], bool],
    finish: Callable[[J, str, str], None],
) -> None:
    """Jobs whose worker fell silent wait again, at the place reached; cancelled ones end, hopeless ones fail.

    `before` names for each state that is worked on the one that waits; `finish(job, state, error)` ends a locked job.
    """
    silent = (
        model.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("partner", "user")
        .filter(state__in=before, heartbeat_at__lt=timezone.now() - silent_for)
    )
    for job in silent.order_by("pk")[:SWEPT_AT_ONCE]:
        with translation.override(job.language):
            if job.cancel_requested:
                finish(job, "cancelled", "")
            elif is_hopeless(job):
                finish(job, "failed", _("It was interrupted again and again. Start it once more."))
            else:
                job.state, job.heartbeat_at = before[job.state], None
                job.save(update_fields=["state", "heartbeat_at"])
        logger.info("job recovered", job=job._meta.label_lower, pk=job.pk, state=job.state)


def count_rows(rows: QuerySet[Any], going: Collection[str]) -> dict[str, int]:
    """How many of a job's rows have each `verdict`, and each `outcome` among those that go."""
    rows = rows.order_by()
    verdicts = dict(rows.exclude(verdict="").values_list("verdict").annotate(n=models.Count("pk")))
    outcomes = rows.filter(verdict__in=going).values_list("outcome").annotate(n=models.Count("pk"))
    return {**verdicts, **dict(outcomes)}


def actor_of(job: Job, *, command: str) -> Actor:
    """The member who asked for it, as they are now; the command's own actor for its jobs. Raises `Forbidden`."""
    if job.user_id is None:
        return system_actor(command, partner=job.partner)
    for membership in memberships_of(job.user_id):
        if membership.partner_id == job.partner_id:
            return actor_for_membership(membership)
    raise Forbidden("not_a_member", _("Whoever asked for this is no longer a member."))


@contextmanager
def ending_in_words(
    job: Job, fail: Callable[[str], object], *, words: Mapping[type[Exception], str | Promise]
) -> Iterator[None]:
    """Work in the job's language. When the database goes away the job stays as it is, and a sweep gives it to another
    worker; every other failure ends it, said by `fail`: in its own words, in `words`, or as unexpected and raised."""
    known: tuple[type[Exception], ...] = (DomainError, *words)
    log = logger.bind(job=job._meta.label_lower, pk=job.pk, state=job.state, attempt=job.attempts)
    with translation.override(job.language):
        try:
            yield
        except (OperationalError, InterfaceError) as error:
            log.warning("job interrupted", error=type(error).__name__)
        except known as error:
            said = next((text for kind, text in words.items() if isinstance(error, kind)), error)
            fail(str(said))
            log.warning("job failed", error=type(error).__name__)
        except Exception:
            fail(_("Something unexpected went wrong. Your operator finds it in the log."))
            raise


TOO_LONG = SoftTimeLimitExceeded  # what the worker raises inside a job that outlasts its time
