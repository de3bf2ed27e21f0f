"""Requests and responses as clients saw them, to compare with the database."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf
from statistics import median

# After these responses, the outcome is unknown: a well-behaved client retries.
IN_USE = "idempotency-key-in-use"


@dataclass(frozen=True, slots=True)
class Answer:
    """The response, or that there was none (`status` None; `error` says why).

    `sent_at` is a value of `time.perf_counter`; `code` is a problem's code.
    """

    sent_at: float
    seconds: float
    status: int | None
    body: bytes = b""
    etag: str | None = None
    code: str | None = None
    replayed: bool = False
    retry_after: str | None = None
    error: str | None = None

    @property
    def is_good(self) -> bool:
        """Tell whether the response says that the command was carried out."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def settles(self) -> bool:
        """Tell whether the client knows the outcome of the command."""
        return self.status not in {None, 503} and self.code != IN_USE


@dataclass(slots=True)
class Entry:
    """One command, sent until its outcome is known. `scope` is the scope of its key."""

    kind: str
    scope: str
    key: str
    path: str
    body: bytes
    answers: list[Answer] = field(default_factory=list)
    method: str = "POST"

    @property
    def note(self) -> str | None:
        """Return the reason's note, which identifies the change that the command made."""
        note: str | None = json.loads(self.body).get("reason", {}).get("note")
        return note

    @property
    def good(self) -> list[Answer]:
        """List the responses that confirm the command."""
        return [answer for answer in self.answers if answer.is_good]

    @property
    def is_refused(self) -> bool:
        """Tell whether the command was refused, and never confirmed."""
        return not self.good and any(answer.settles for answer in self.answers)


@dataclass(slots=True)
class Ledger:
    """All commands that were sent."""

    entries: list[Entry] = field(default_factory=list)
    reads: list[Answer] = field(default_factory=list)

    def answers(self) -> Iterator[Answer]:
        """Return all responses, including missing ones."""
        yield from self.reads
        for entry in self.entries:
            yield from entry.answers

    @property
    def acknowledged(self) -> int:
        """Count the confirmed commands."""
        return sum(bool(entry.good) for entry in self.entries)

    @property
    def worst(self) -> float:
        """Return the longest response time, in seconds."""
        return max(answer.seconds for answer in self.answers() if answer.status is not None)

    def first_success(self, down: float, up: float) -> float:
        """Return the time from `up` to the first confirmation of a request sent after `down`.

        Infinite if there was none.
        """
        done = (answer for entry in self.entries for answer in entry.good if answer.sent_at > down)
        ends = (answer.sent_at + answer.seconds - up for answer in done)
        return min((seconds for seconds in ends if seconds > 0), default=inf)

    @property
    def ordinary(self) -> float:
        """Return the ordinary response time, in seconds, which is longer on a busy machine."""
        return median(answer.seconds for entry in self.entries for answer in entry.good)

    def check_outage(self, down: float, up: float) -> None:
        """Check that clients got a 503 with `Retry-After` during the outage, and only then.

        Every request gets a response at all times.
        """
        answers = list(self.answers())
        assert not [answer.error for answer in answers if answer.status is None]
        assert not [answer.code for answer in answers if answer.status == 500]
        late = [answer for answer in answers if answer.status == 503]
        assert {answer.retry_after for answer in late} == {"2"}
        assert any(down <= answer.sent_at <= up for answer in late)
