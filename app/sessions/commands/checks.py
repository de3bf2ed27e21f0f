"""What every command checks before it decides."""

from datetime import datetime

from app.domain.errors import InvalidInputError, SessionNotBookedError, VersionMismatchError
from app.domain.session import Status
from app.sessions.read.records import SessionRecord


def check_start(start: datetime) -> None:
    """Make sure that a wished start is a whole second, as all starts are.

    Raises:
        InvalidInputError: it has fractions of a second.
    """
    if start.microsecond:
        raise InvalidInputError("/start", "field.whole-second")


def check_version(record: SessionRecord, if_match: str | None) -> None:
    """Compare with the version that the caller saw, if the request names one (`If-Match`).

    Raises:
        VersionMismatchError: the session has changed since.
    """
    if if_match is None or if_match.strip() == "*":
        return
    if record.etag not in {tag.strip() for tag in if_match.split(",")}:
        raise VersionMismatchError


def check_booked(record: SessionRecord, if_match: str | None) -> None:
    """Make sure that a session is booked, in the version that staff saw.

    Raises:
        VersionMismatchError: the session has changed since.
        SessionNotBookedError: it is not booked any more.
    """
    check_version(record, if_match)
    if record.status is not Status.BOOKED:
        raise SessionNotBookedError
