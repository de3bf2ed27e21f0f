"""Checks that several commands on groups share."""

from app.domain.errors import GroupCancelledError, InvalidInputError
from app.groups.records import GroupDetails, SeatRules
from app.sessions.commands.checks import check_version


def check_scheduled(group: GroupDetails, if_match: str | None) -> None:
    """Check that a group is not cancelled, and its version against `If-Match`.

    Raises:
        VersionMismatchError: the group has changed since.
        GroupCancelledError: the group is cancelled.
    """
    check_version(group, if_match)
    if not group.is_scheduled:
        raise GroupCancelledError


def check_rules(rules: SeatRules, seats_taken: int = 0) -> None:
    """Check seats and minimum against one another.

    Raises:
        InvalidInputError: there are fewer seats than are taken, the minimum is above the seats, or
            one of `min_seats` and `decide_hours` is missing, or both are for `auto_cancel`.
    """
    if rules.seats < seats_taken:
        raise InvalidInputError("/seats", "field.seats-taken", taken=seats_taken)
    if rules.min_seats is None:
        if rules.decide_hours is not None:
            raise InvalidInputError("/min_seats", "field.needs-other", other="decide_hours")
        if rules.auto_cancel:
            raise InvalidInputError("/min_seats", "field.needs-other", other="auto_cancel")
        return
    if rules.decide_hours is None:
        raise InvalidInputError("/decide_hours", "field.needs-other", other="min_seats")
    if rules.min_seats > rules.seats:
        raise InvalidInputError("/min_seats", "field.above-seats", seats=rules.seats)
