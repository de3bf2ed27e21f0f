"""Import sessions as they stand: nothing is charged, and nobody is told.

A session that exists is never changed: its client would not hear of it
(docs/decisions/0056-bulk.md).
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import orjson

from app.audit.write import IMPORTED, Actor
from app.calendar.locks import lock_client, lock_group_alone, lock_practitioner
from app.directory.sums import check_price
from app.domain.errors import (
    CreditUnavailableError,
    GroupCancelledError,
    GroupFullError,
    InvalidInputError,
)
from app.domain.history import ChangeKind
from app.domain.policy.rules import FREE_UNTIL_THE_START, Credit, Policy
from app.domain.session import Status, taken_time
from app.outbox.outbox import queue_notifications
from app.policies.queries import read_closed_days, resolve_policy_version
from app.policies.stored import PolicyToBook, frozen_document, parsed
from app.sessions.commands.booking import Booking, BookingContext
from app.sessions.commands.booking_repository import BookingRepository
from app.sessions.commands.history_repository import HistoryRepository, NewChange
from app.sessions.commands.meeting import Meeting
from app.sessions.commands.repository import whole_time
from app.sessions.commands.seat_repository import SeatRepository
from app.sessions.commands.upcoming import mails_to_come
from app.sessions.read.queries import read_session
from app.transfer.batch import Batch
from app.transfer.export_lines import session_line
from app.transfer.frozen import frozen_of_line
from app.transfer.lines import Done, LineKind
from app.transfer.queries import read_session_row
from app.transfer.replay_repository import ReplayRepository
from app.transfer.replaying import (
    buffers_of_line,
    check_free_time,
    check_same,
    meeting_of_line,
    overlaps_any,
)
from app.transfer.repository import find_version
from app.transfer.schemas import FeeLine, PushedLine, SessionLine, money_of

_CLIENT = Actor("client")
_ENDS = {"cancelled", "noshow", "fulfilled"}


async def import_session(batch: Batch, ref: str, fields: dict[str, Any]) -> Done:
    """Add a session with its end, its credit and its fees.

    Raises:
        InvalidInputError: the session exists with another value, a sum is in another currency, or
            it is not over and its client was erased.
        SlotUnavailableError: the session is booked, and its time is not free.
        GroupFullError, GroupCancelledError: its group has no seat for it.
        CreditUnavailableError: its package has no credit left.
    """
    line = SessionLine.model_validate(await batch.with_ids(fields))
    known = await batch.find(LineKind.SESSION, ref)
    if known is not None:
        present = session_line(await read_session_row(batch.db, batch.practice_id, known))
        await check_same(batch, line, SessionLine, present)
        return Done("unchanged", known)
    if line.group_id is None:
        await lock_practitioner(batch.db, batch.practice_id, line.practitioner_id)
    else:
        await lock_group_alone(batch.db, batch.practice_id, line.group_id)
    await lock_client(batch.db, batch.practice_id, line.client_id)
    if line.ended is not None and line.ended.at > batch.now:
        raise InvalidInputError("/ended/at", "field.in-the-future")
    context = await _context(batch, line)
    _check_sums(line, context.currency)
    ends_at = line.ends_at or line.starts_at + timedelta(minutes=context.duration_minutes)
    if context.client_erased and line.status is Status.BOOKED and ends_at > batch.now:
        raise InvalidInputError("/client_id", "field.not-active")
    session_id = uuid4()
    replay = _Replay(batch, ref, line, session_id, context)
    await replay.add()
    return Done("created", session_id)


class _Entry(NamedTuple):
    """An entry of the history after the booking. `side` made it: the client or the practice.

    `rebooks`: it booked the session again after an end of this kind.
    """

    kind: ChangeKind
    side: str
    at: datetime
    fee: FeeLine | None = None
    is_end: bool = False
    rebooks: str | None = None


class _Replay:
    """One session that is added as it stands."""

    def __init__(
        self,
        batch: Batch,
        ref: str,
        line: SessionLine,
        session_id: UUID,
        context: BookingContext,
    ) -> None:
        self._batch = batch
        self._ref = ref
        self._line = line
        self._id = session_id
        self._context = context
        self._entries = _entries_after_booking(line)
        self._sessions = ReplayRepository(batch.db, batch.practice_id)

    async def add(self) -> None:
        """Add the session, its history, its credit, its fees, and the reminders to come."""
        batch, line = self._batch, self._line
        meeting = await meeting_of_line(batch, line, self._context)
        buffers = buffers_of_line(line, self._context)
        seat = await self._seat(meeting)
        whole = whole_time(meeting, buffers)
        taken = taken_time(line.status, whole, batch.now if line.ended is None else line.ended.at)
        takes_own = taken is not None and line.group_id is None
        if line.status is Status.BOOKED:
            own_buffers = buffers if takes_own else None
            await check_free_time(batch, line, self._id, meeting, own_buffers, line.client_id)
        elif takes_own and await overlaps_any(batch, line, self._id, meeting, buffers, None):
            # It has happened. No constraint has to hold for the past.
            takes_own = False
        await self._sessions.add_session(
            self._id,
            {
                **await self._own_columns(meeting),
                **meeting.columns(),
                **buffers.columns(),
                "taken_until": None if taken is None else taken.end,
                "seat": seat,
            },
        )
        if takes_own and taken is not None:
            await self._sessions.take_time(line.practitioner_id, self._id, taken)
        await self._add_redemption()
        last = await self._add_history(meeting)
        if line.status is Status.BOOKED and line.starts_at > batch.now:
            await self._queue_reminders(last)

    async def _own_columns(self, meeting: Meeting) -> dict[str, Any]:
        line, context = self._line, self._context
        policy = await self._policy()
        zone = line.policy_time_zone or context.practitioner_time_zone
        calculated = policy.freeze(meeting.starts_at, ZoneInfo(zone))
        frozen = frozen_of_line(line.frozen_deadlines, calculated, meeting.starts_at)
        carried, price, paid = line.carried, line.price, line.paid_before
        fee = None if carried is None else carried.fee
        return {
            "client_id": line.client_id,
            "practitioner_id": line.practitioner_id,
            "service_id": line.service_id,
            "policy_version_id": policy.version_id,
            "policy_time_zone": zone,
            "status": line.status,
            "version": 1 + len(self._entries),
            "calendar_sequence": 0,
            "price_minor": context.price_minor if price is None else price.amount_minor,
            "currency": context.currency,
            "booked_starts_at": line.booked_starts_at or line.starts_at,
            "client_moves": line.client_moves,
            "carried_fee_minor": 0 if fee is None else fee.amount_minor,
            "carried_forfeit": carried is not None and carried.forfeits_credit,
            "carried_since": None if carried is None else 1,
            "link_generation": 0,
            "external_ref": self._ref,
            "group_id": line.group_id,
            "moved_by_practice": line.moved_by_practice,
            "paid_before_minor": 0 if paid is None else paid.amount_minor,
            "grace_from": line.grace_from,
            "confirmed_at": line.confirmed_at,
            "frozen_deadlines": frozen_document(frozen),
            "pushed": self._pushed(),
        }

    def _pushed(self) -> dict[str, Any] | None:
        """Give the last push, with which the next one is compared; by default the line's values."""
        line = self._line
        pushed = line.pushed
        if "pushed" not in line.model_fields_set:
            is_seat = line.group_id is not None
            pushed = PushedLine.model_construct(
                starts_at=None if is_seat else line.starts_at,
                format=None if is_seat else line.format,
                location_id=None if is_seat else line.location_id,
                group_id=line.group_id,
            )
        return None if pushed is None else pushed.as_stored(1 + len(self._entries))

    async def _seat(self, meeting: Meeting) -> int | None:
        """Give the seat that the session takes in its group; None: it takes none.

        Raises:
            InvalidInputError: the group is not at the session's time, or not of its service.
            GroupFullError, GroupCancelledError: it has no seat.
        """
        line, batch = self._line, self._batch
        if line.group_id is None:
            return None
        group = await SeatRepository(batch.db, batch.practice_id).group(line.group_id)
        assert group is not None  # noqa: S101 - it is locked
        if (group.service_id, group.practitioner_id) != (line.service_id, line.practitioner_id):
            raise InvalidInputError("/group_id", "field.no-such-group")
        if line.status is Status.CANCELLED:
            return None
        # A seat that has ended stays where it was when its group is moved or cancelled.
        is_booked = line.status is Status.BOOKED
        if is_booked and not group.is_at(meeting):
            raise InvalidInputError("/starts_at", "field.not-time-of-group")
        if is_booked and not group.is_scheduled:
            raise GroupCancelledError
        if group.free_seat is None:
            raise GroupFullError
        return group.free_seat

    async def _policy(self) -> PolicyToBook:
        """Find the policy version of the session; without one in the line, that of a booking now.

        Raises:
            InvalidInputError: there is no such version.
        """
        line, batch = self._line, self._batch
        if "policy" not in line.model_fields_set:
            return await resolve_policy_version(
                batch.db, batch.practice_id, line.service_id, line.practitioner_id
            )
        if line.policy is None:
            return await self._with_closed_days(None, FREE_UNTIL_THE_START)
        of = (line.policy.service_id, line.policy.practitioner_id, line.policy.version)
        version_id = await find_version(batch.db, batch.practice_id, *of)
        if version_id is None:
            raise InvalidInputError("/policy/version", "field.no-such-policy-version")
        return await self._with_closed_days(
            version_id, _parsed(await self._sessions.rules_of(version_id))
        )

    async def _with_closed_days(self, version_id: UUID | None, policy: Policy) -> PolicyToBook:
        closed = await read_closed_days(self._batch.db, self._batch.practice_id, policy)
        return PolicyToBook(version_id, policy, closed)

    async def _add_redemption(self) -> None:
        line, paid = self._line, self._line.redemption
        if paid is None:
            return
        left = await self._sessions.credits_left(paid.package_id, line.client_id, line.service_id)
        if left is None:
            raise InvalidInputError("/redemption/package_id", "field.not-paid-by")
        if left < 1 and paid.returned_at is None:
            raise CreditUnavailableError("credit.none-left")
        await self._sessions.add_redemption(
            session_id=self._id,
            package_id=paid.package_id,
            redeemed_at=paid.redeemed_at or line.booked_at or self._batch.now,
            forfeited_at=paid.forfeited_at,
            returned_at=paid.returned_at,
        )

    async def _add_history(self, meeting: Meeting) -> UUID:
        """Add the booking and what followed to the history; give the id of the last entry."""
        line, batch = self._line, self._batch
        history = HistoryRepository(batch.db, batch.practice_id)
        staff = batch.staff.actor
        booked = self._change("booked", staff, 1, meeting)
        (last,) = await history.record([(self._id, booked)], line.booked_at or batch.now)
        for number, entry in enumerate(self._entries, start=2):
            actor = _CLIENT if entry.side == "client" else staff
            change = self._change(entry.kind, actor, number, meeting, entry)
            (last,) = await history.record([(self._id, change)], entry.at)
            if entry.fee is not None:
                await self._set_fee(last, entry.fee)
        return last

    def _change(
        self,
        kind: ChangeKind,
        actor: Actor,
        version: int,
        meeting: Meeting,
        entry: _Entry | None = None,
    ) -> NewChange:
        fee = None if entry is None else entry.fee
        end = self._line.ended if entry is not None and entry.is_end else None
        rebooks = None if entry is None else entry.rebooks
        rebooked = {} if rebooks is None else {"rebooked": rebooks, "forgiven_fee": False}
        return NewChange(
            kind=kind,
            actor=actor,
            session_version=version,
            calendar_sequence=0,
            before=None if kind == "booked" else meeting,
            after=meeting,
            currency=self._context.currency,
            fee=None if fee is None else money_of(fee.amount),
            credit=None if end is None or end.credit is None else Credit(end.credit),
            reason_code=None if end is None else end.reason,
            details=IMPORTED | rebooked,
            collect_after=None if fee is None else fee.collect_after,
        )

    async def _set_fee(self, change_id: UUID, fee: FeeLine) -> None:
        """Set what became of a fee. That it can be collected is not announced again."""
        after, now = fee.collect_after, self._batch.now
        announced = now if after is not None and after < now else None
        await self._sessions.set_fee(
            change_id,
            status=fee.status,
            recorded_at=fee.recorded_at,
            closed_at=fee.closed_at,
            payment_reference=fee.payment_reference,
            announced_at=announced,
        )

    async def _queue_reminders(self, change_id: UUID) -> None:
        batch = self._batch
        record = await read_session(batch.db, batch.practice_id, self._id)
        confirmed = record.confirmed_at is not None
        mails = mails_to_come(record, record.facts, batch.now, confirmed=confirmed)
        await queue_notifications(
            batch.db, batch.practice_id, self._id, change_id, mails, batch.now
        )


def _entries_after_booking(line: SessionLine) -> list[_Entry]:
    """Give an entry for each fee, and the end as the last one.

    Its fee is the last of its kind, unless an earlier end has caused that. After an earlier end the
    session was booked again, and what was undone was restored: else it would count as it is.
    """
    of_end, ended = None, line.ended
    if ended is not None:
        of_kind = [fee for fee in line.fees if fee.cause == line.status]
        of_end = next((fee for fee in reversed(of_kind) if fee.recorded_at >= ended.at), None)
    found: list[_Entry] = []
    for fee in line.fees:
        if fee is of_end:
            continue
        side = fee.by or "client"
        found.append(_Entry(fee.cause, side, fee.recorded_at, fee))
        if fee.closed_at is not None and fee.status == "void":
            found.append(_Entry("restored", side, fee.closed_at))
        elif fee.cause in _ENDS:
            found.append(_Entry("rescheduled", side, fee.recorded_at, rebooks=fee.cause))
    if line.ended is not None:
        found.append(_Entry(line.status.value, line.ended.by, line.ended.at, of_end, is_end=True))
    return found


def _parsed(rules: dict[str, Any] | None) -> Policy:
    return FREE_UNTIL_THE_START if rules is None else parsed(orjson.dumps(rules).decode())


async def _context(batch: Batch, line: SessionLine) -> BookingContext:
    """Read the defaults of a session."""
    booking = Booking(
        line.client_id, line.practitioner_id, line.service_id, line.starts_at, line.format
    )
    context = await BookingRepository(batch.db, batch.practice_id).context(booking)
    assert context is not None  # noqa: S101 - the references were found
    return context


def _check_sums(line: SessionLine, currency: str) -> None:
    """Check that all sums are in the practice's currency, and not too large.

    Raises:
        InvalidInputError: one is not; the error names it.
    """
    for pointer, price in line.sums().items():
        try:
            check_price(price.amount_minor, price.currency, currency)
        except InvalidInputError as error:
            error.pointer = error.pointer.replace("/price", pointer, 1)
            raise
