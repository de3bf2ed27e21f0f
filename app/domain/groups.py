"""Groups to which a seat can move (product.md section 3, "Groups").

A group has its time already, so working hours, steps, buffers and limits do not matter. Instants
are seconds since the epoch, as in app/domain/availability.py.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal, NamedTuple
from uuid import UUID

from typing_extensions import TypeAliasType

from app.domain.availability import EmptyReason, SlotSearch
from app.domain.intervals import Interval
from app.domain.session import Format

GroupStatus = TypeAliasType("GroupStatus", Literal["scheduled", "cancelled"])
# `system`: the minimum was missed.
GroupChangedBy = TypeAliasType("GroupChangedBy", Literal["practice", "system"])


class GroupSlot(NamedTuple):
    """A scheduled group, with the number of its free seats."""

    start: int
    end: int
    location_id: UUID | None
    group_id: UUID
    seats_left: int
    format: Format


class HeldGroup(NamedTuple):
    """The group in which the session being moved holds a seat, at the instant `now`."""

    group_id: UUID
    now: int


@dataclass(frozen=True, slots=True)
class GroupSearch:
    """A search for another group for the seat in `group_id`.

    `groups` are those of the seat's service and practitioner. `taken` is the time that the client's
    other sessions take. `policy` has the decisions of the policy, and the requested format. `held`
    was on offer when the session took hold of its seat: notice and horizon bind it no more.
    """

    group_id: UUID
    groups: Sequence[GroupSlot]
    taken: Sequence[Interval]
    policy: SlotSearch
    held: HeldGroup | None = None


@dataclass(frozen=True, slots=True)
class GroupOffer:
    """Groups with a free seat, by start. `empty_reason` is set if there are none."""

    slots: Sequence[GroupSlot]
    empty_reason: EmptyReason | None

    @property
    def first_start(self) -> int | None:
        """Give the start of the first group; None if there are none."""
        return self.slots[0].start if self.slots else None


def offer_groups(search: GroupSearch, window: Interval, span: Interval) -> GroupOffer:
    """Find the groups that start within `window` to which the seat can move.

    `span` is the part of `window` that can be booked (`bookable`).
    """
    reachable = _reachable(search, span)
    held = [group for group in _reachable(search, window) if _is_held(search, group)]
    reachable += [group for group in held if group not in reachable]
    found = [group for group in reachable if _is_free(search, group)]
    found.sort(key=attrgetter("start"))
    return GroupOffer(found, None if found else _empty_reason(search, window, span))


def _reachable(search: GroupSearch, within: Interval) -> list[GroupSlot]:
    """List the groups of the requested format that start within an interval.

    Groups at another location are left out if the seat must keep its location.
    """
    return [
        group
        for group in search.groups
        if within.start <= group.start < within.end
        and group.format is search.policy.format
        and search.policy.may_move_to(group.location_id)
    ]


def _is_held(search: GroupSearch, group: GroupSlot) -> bool:
    """Tell whether the session holds a seat of a group that has not started."""
    held = search.held
    return held is not None and group.group_id == held.group_id and group.start > held.now


def _is_free(search: GroupSearch, group: GroupSlot) -> bool:
    """Tell whether a group has a free seat at a time that its client has free.

    The seat's own group counts only if the seat was given up, and is booked again.
    """
    is_own = group.group_id == search.group_id and not search.policy.books_again
    if is_own or group.seats_left < 1:
        return False
    return not any(group.start < end and start < group.end for start, end in search.taken)


def _empty_reason(search: GroupSearch, window: Interval, span: Interval) -> EmptyReason:
    """Find the rule that leaves no group in `window` (the table in product.md section 3)."""
    policy = search.policy
    keeps_format = (
        policy.must_keep_format_and_location and policy.format is not policy.present.format
    )
    if not policy.may_move or keeps_format:
        return EmptyReason.RESCHEDULE_REFUSED
    if span.end <= span.start:
        return EmptyReason.OUTSIDE_HORIZON
    if not _reachable(search, window):
        return EmptyReason.NO_WORKING_HOURS
    return EmptyReason.FULLY_BOOKED if _reachable(search, span) else EmptyReason.OUTSIDE_HORIZON


def lowest_free_seat(taken: Collection[int], seats: int) -> int | None:
    """Give the lowest seat number that is not taken; None if the group is full."""
    return next((number for number in range(1, seats + 1) if number not in taken), None)
