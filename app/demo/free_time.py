"""Finds free times for the demo's sessions."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from app.demo.records import Weekly
from app.domain.series import Every, series_starts

HALF_HOUR = timedelta(minutes=30)
BREAK = timedelta(minutes=15)

Taken = list[tuple[datetime, datetime]]


@dataclass
class FreeTime:
    """Finds free times within a practitioner's working hours, on the half hour."""

    zone: ZoneInfo
    weekly: Weekly
    taken: Taken = field(default_factory=list)

    def pick(self, after: datetime, minutes: int, of_client: Taken) -> datetime:
        """Take the first time after an instant that is free for practitioner and client."""
        return self.pick_weekly(after, minutes, of_client, weeks=1)[0]

    def pick_weekly(
        self, after: datetime, minutes: int, of_client: Taken, weeks: int
    ) -> list[datetime]:
        """Take the first time after an instant that is free in each of so many weeks."""
        length = timedelta(minutes=minutes) + BREAK
        for first in self._starts(after, minutes):
            starts = list(islice(series_starts(first, Every(1, "weeks"), self.zone), weeks))
            others = (*self.taken, *of_client)
            if all(
                start + length <= began or ended <= start
                for start in starts
                for began, ended in others
            ):
                spans = [(start, start + length) for start in starts]
                self.taken.extend(spans)
                of_client.extend(spans)
                return starts
        raise AssertionError  # the generator is infinite

    def _starts(self, after: datetime, minutes: int) -> Iterator[datetime]:
        start = _next_half_hour(after)
        while True:
            local = start.astimezone(self.zone)
            opens, closes = self.weekly.get(local.isoweekday(), (0, 0))
            minute = local.hour * 60 + local.minute
            if opens * 60 <= minute and minute + minutes <= closes * 60:
                yield start
            start += HALF_HOUR


def _next_half_hour(instant: datetime) -> datetime:
    whole = instant.replace(minute=instant.minute // 30 * 30, second=0, microsecond=0)
    return whole + HALF_HOUR
