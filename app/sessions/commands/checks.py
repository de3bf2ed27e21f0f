"""Checks that several commands share."""

from datetime import datetime
from typing import Protocol

from app.domain.errors import InvalidInputError, SessionNotBookedError, VersionMismatchError
from app.domain.session import Status
from app.sessions.read.records import SessionRecord


def check_start(start: datetime, pointer: str = "/start", *, where: str = "body") -> None:
    """Check that a requested start is a whole second. `pointer` and `where` name its field.

    Raises:
        InvalidInputError: the start has fractions of a second.
    """
    if start.microsecond:
        raise InvalidInputError(pointer, "field.whole-second", where=where)


class _Versioned(Protocol):
    @property
    def etag(self) -> str: ...


def check_version(record: _Versioned, if_match: str | None) -> None:
    """Check the version of a session or group against `If-Match`, if the request has it.

    Raises:
        VersionMismatchError: the session or group has changed since.
    """
    if if_match is None or if_match.strip() == "*":
        return
    if record.etag not in {tag.strip() for tag in if_match.split(",")}:
        raise VersionMismatchError


def check_booked(record: SessionRecord, if_match: str | None) -> None:
    """Check that a session is booked, and its version against `If-Match`.

    Raises:
        VersionMismatchError: the session has changed since.
        SessionNotBookedError: the session is cancelled, fulfilled or missed.
    """
    check_version(record, if_match)
    if record.status is not Status.BOOKED:
        raise SessionNotBookedError
