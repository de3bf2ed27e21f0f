"""What a client needs to take back their last change of a session, and until when they may.

Source: product.md section 10, "Undo by the client". Every change of a session replaces or removes
what an earlier one has left here, so only the last change can be taken back.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from app.domain.money import minor_of
from app.domain.policy.working_days import FrozenDeadline
from app.domain.session import Carried, Format, Status
from app.domain.undo import undo_until
from app.policies.stored import frozen_document, parse_frozen
from app.sessions.commands.meeting import Meeting
from app.sessions.read.records import SessionRecord
from app.sessions.read.rows import carried_of


class Undo(NamedTuple):
    """The instant (UTC) until which a change can be taken back, and the session before it."""

    until: datetime
    state: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StateBefore:
    """A session as it is once its client's last change is taken back.

    `move_request_id`: the request of the practice that the change has answered.
    """

    meeting: Meeting
    group_id: UUID | None
    client_moves: int
    moved_by_practice: bool
    carried: Carried | None
    carried_since: int | None
    series_starts_at: datetime | None
    move_request_id: UUID | None
    absence_change_id: UUID | None
    frozen_deadlines: tuple[FrozenDeadline, ...]
    confirmed_at: datetime | None
    grace_from: datetime | None


def undo_of(
    record: SessionRecord, window: timedelta, now: datetime, *, answers: UUID | None
) -> Undo | None:
    """Make what the client needs to take back a change of this session, which is about to be made.

    None: they cannot. A session that was not booked, and is booked again by its change, stays so.
    `answers` is the move request that the change answers.
    """
    until = undo_until(record.starts_at, now, window)
    if until is None or record.status is not Status.BOOKED:
        return None
    carried = record.carried
    fee = None if carried is None else carried.fee
    state = {
        "starts_at": record.starts_at.isoformat(),
        "ends_at": record.ends_at.isoformat(),
        "format": record.format,
        "location_id": _text(record.location_id),
        "join_url": record.join_url,
        "instructions": record.instructions,
        "group_id": _text(record.group_id),
        "client_moves": record.client_moves,
        "moved_by_practice": record.moved_by_practice,
        "carried_fee_minor": minor_of(fee),
        "carried_forfeit": carried is not None and carried.forfeits_credit,
        "carried_since": record.carried_since,
        "series_starts_at": None if record.series is None else record.series.starts_at.isoformat(),
        "move_request_id": _text(answers),
        "absence_change_id": _text(None if record.absence is None else record.absence.change_id),
        "frozen_deadlines": frozen_document(record.frozen_deadlines),
        "confirmed_at": _instant_text(record.confirmed_at),
        "grace_from": _instant_text(record.grace_from),
    }
    return Undo(until, state)


def state_before(state: dict[str, Any], record: SessionRecord) -> StateBefore:
    """Parse what `undo_of` made before the last change of a session. `record`: as it is now."""
    starts_at = datetime.fromisoformat(state["starts_at"])
    keeps_time = record.status is Status.BOOKED and record.starts_at == starts_at
    if keeps_time:
        # What the client has said about coming makes no version: also after the change.
        absence_change_id = None if record.absence is None else record.absence.change_id
        confirmed_at = record.confirmed_at
    else:
        absence_change_id = _id(state.get("absence_change_id"))
        confirmed_at = _instant(state.get("confirmed_at"))
    return StateBefore(
        meeting=Meeting(
            starts_at=starts_at,
            ends_at=datetime.fromisoformat(state["ends_at"]),
            format=Format(state["format"]),
            location_id=_id(state["location_id"]),
            join_url=state["join_url"],
            instructions=state["instructions"],
        ),
        group_id=_id(state["group_id"]),
        client_moves=state["client_moves"],
        moved_by_practice=state["moved_by_practice"],
        carried=carried_of(
            state["carried_fee_minor"], record.price.currency, state["carried_forfeit"]
        ),
        carried_since=state["carried_since"],
        series_starts_at=_instant(state["series_starts_at"]),
        move_request_id=_id(state["move_request_id"]),
        absence_change_id=absence_change_id,
        frozen_deadlines=parse_frozen(state.get("frozen_deadlines")),
        confirmed_at=confirmed_at,
        # What an earlier version of the service has kept lacks it.
        grace_from=_instant(state["grace_from"]) if "grace_from" in state else record.grace_from,
    )


def _instant_text(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _text(id_: UUID | None) -> str | None:
    return None if id_ is None else str(id_)


def _id(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)
