"""How long a time is held, and how many times (product.md section 10, "Holds")."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from app.domain.errors import RateLimitedError
from app.domain.session import Format

LASTS = timedelta(minutes=5)
LASTS_IN_ALL = timedelta(minutes=15)
# New holds of one session within `WINDOW`, which begins with the first of them.
MOST_NEW = 20
WINDOW = timedelta(hours=1)
# Live holds of one client.
MOST_OF_CLIENT = 3


@dataclass(frozen=True, slots=True)
class HeldTarget:
    """What is held: a time in a format and at a location, or a seat of a group."""

    starts_at: datetime
    format: Format
    location_id: UUID | None
    group_id: UUID | None


@dataclass(frozen=True, slots=True)
class HoldTerm:
    """From when and until when a hold lasts, and how many new ones there have been since when."""

    first_held_at: datetime
    expires_at: datetime
    new_since: datetime
    new_count: int

    def is_live(self, now: datetime) -> bool:
        """Tell whether the hold has not expired. Exactly at its expiry it has."""
        return now < self.expires_at


@dataclass(frozen=True, slots=True)
class PastHold:
    """The last hold of a session, which may be over."""

    target: HeldTarget
    term: HoldTerm


def hold_again(
    last: PastHold | None, target: HeldTarget, others: Sequence[datetime], now: datetime
) -> HoldTerm:
    """Decide how long a session may hold a target from now on.

    The same target as its live hold is renewed, up to `LASTS_IN_ALL` since it was first held. Any
    other hold is a new one. `others` are the ends of the live holds that the client's other
    sessions have. A hold ends with a whole second.

    Raises:
        RateLimitedError: there were too many new ones within the window, or the client's other
            sessions have as many as one client may have.
    """
    if last is not None and last.target == target and last.term.is_live(now):
        term, ends = last.term, last.term.first_held_at + LASTS_IN_ALL
        expires_at = max(term.expires_at, min(_whole(now + LASTS), _whole(ends)))
        return HoldTerm(term.first_held_at, expires_at, term.new_since, term.new_count)
    since, count = now, 1
    if last is not None and now < last.term.new_since + WINDOW:
        since, count = last.term.new_since, last.term.new_count + 1
    if count > MOST_NEW:
        raise RateLimitedError(_seconds(since + WINDOW - now))
    if len(others) >= MOST_OF_CLIENT:
        enough = sorted(others)[len(others) - MOST_OF_CLIENT]
        raise RateLimitedError(_seconds(enough - now))
    return HoldTerm(now, _whole(now + LASTS), since, count)


def _whole(instant: datetime) -> datetime:
    return instant.replace(microsecond=0)


def _seconds(wait: timedelta) -> int:
    return max(ceil(wait / timedelta(seconds=1)), 1)
