"""Hand over everything held of a client, and erase it (docs/decisions/0054-erasure.md)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor, write_change
from app.calendar.locks import lock_all_of_client
from app.domain.errors import ClientErasedError, EraseRefusedError
from app.erasure.queries import (
    active_wish_ids,
    booked_ids,
    due_fee_ids,
    read_client,
    read_erasure,
    read_ids,
    read_parts,
)
from app.erasure.records import ClientData, ErasedClient, HeldIds
from app.erasure.repository import ErasureRepository
from app.fees.queries import read_fee
from app.fees.repository import close_due_fee
from app.fees.steps import fee_change
from app.groups.commands.cancel import free_seat
from app.outbox.outbox import NewNotification
from app.sessions.commands.carried_repository import CarriedRepository
from app.sessions.commands.finish import finish, finish_all
from app.sessions.commands.orders import ChangeReason
from app.sessions.commands.reasons import check_staff_reason
from app.sessions.commands.wish_ending import end_wish
from app.sessions.read.following_queries import read_several
from app.sessions.read.queries import read_session
from app.waitlist.queries import read_wish
from app.waitlist.repository import WaitlistRepository


async def export_client(
    db: AsyncConnection, practice_id: UUID, client_id: UUID, *, actor: Actor, now: datetime
) -> ClientData:
    """Read everything held of a client, and record that it was handed over.

    Raises:
        NotFoundError: the practice has no such client.
        ClientErasedError: nothing is held of them any more.
    """
    row = await read_client(db, practice_id, client_id)
    if row.erased_at is not None:
        raise ClientErasedError
    held = await read_ids(db, practice_id, client_id)
    parts = await read_parts(db, practice_id, held)
    await write_change(
        db, practice_id, actor, now, subject="client", subject_id=client_id, kind="exported"
    )
    return ClientData(row._asdict(), now, parts)


async def erase_client(
    db: AsyncConnection,
    practice_id: UUID,
    client_id: UUID,
    *,
    reason: ChangeReason,
    force: bool,
    actor: Actor,
    now: datetime,
    credit_grace: timedelta,
) -> ErasedClient:
    """Erase what tells who a client is; sums, times and statuses stay under the client's id.

    With `force` their booked sessions are cancelled by the practice, free of charge and without a
    mail, and their due fees are waived. Erasing again changes nothing, and gives what the first
    command did.

    Raises:
        NotFoundError: the practice has no such client.
        EraseRefusedError: they have booked sessions that have not ended, or due fees, and the
            command is not forced.
        InvalidInputError: see `check_staff_reason`.
    """
    await check_staff_reason(db, practice_id, reason)
    await read_client(db, practice_id, client_id)
    held = await _lock(db, practice_id, client_id)
    row = await read_client(db, practice_id, client_id)
    erasure = ErasureRepository(db, practice_id, held)
    if row.erased_at is not None:
        # What was still under way at that time may have left something.
        await erasure.erase_traces(row.email)
        return await read_erasure(db, practice_id, client_id)
    ended = _Ended(
        await booked_ids(db, practice_id, client_id, now),
        await due_fee_ids(db, practice_id, held.sessions),
    )
    if any(ended) and not force:
        raise EraseRefusedError(booked_sessions=len(ended.sessions), due_fees=len(ended.fees))
    command = _Command(practice_id, client_id, actor, uuid4(), now)
    await erasure.drop_notifications(now)
    # Before the sessions: a cancellation by staff tells the client that an offer is gone.
    await _end_wishes(db, command)
    await _cancel(db, command, ended.sessions, credit_grace)
    for fee_id in ended.fees:
        await _waive(db, command, fee_id)
    await erasure.erase_traces(row.email)
    await erasure.erase_records(now)
    return await _record(db, command, ended, reason)


class _Ended(NamedTuple):
    """The booked sessions and the due fees that erasing ends."""

    sessions: Sequence[UUID]
    fees: Sequence[UUID]


class _Command(NamedTuple):
    """The command that erases a client."""

    practice_id: UUID
    client_id: UUID
    actor: Actor
    id: UUID
    now: datetime


async def _record(
    db: AsyncConnection, command: _Command, ended: _Ended, reason: ChangeReason
) -> ErasedClient:
    """Write the entry of the audit log, the only one about the client that keeps its note."""
    done = {"sessions_cancelled": len(ended.sessions), "fees_waived": len(ended.fees)}
    await write_change(
        db,
        command.practice_id,
        command.actor,
        command.now,
        subject="client",
        subject_id=command.client_id,
        kind="erased",
        note=reason.note,
        command_id=command.id,
        reason_code=reason.code,
        details=done,
    )
    return ErasedClient(command.client_id, command.now, **done, command_id=command.id)


async def _lock(db: AsyncConnection, practice_id: UUID, client_id: UUID) -> HeldIds:
    """Lock a client with all their sessions, and read what belongs to them.

    Whoever books for the client, or writes a wish, holds the client's lock. What they committed
    while this command waited for it is locked in a second pass.
    """
    held = await read_ids(db, practice_id, client_id)
    while True:
        await lock_all_of_client(db, practice_id, client_id, held.sessions, held.practitioners)
        now_held = await read_ids(db, practice_id, client_id)
        if set(now_held.sessions) <= set(held.sessions) and set(now_held.practitioners) <= set(
            held.practitioners
        ):
            return now_held
        held = now_held


async def _cancel(
    db: AsyncConnection, command: _Command, session_ids: Sequence[UUID], credit_grace: timedelta
) -> None:
    """Cancel booked sessions for the practice, free of charge. Only webhooks are told."""
    if not session_ids:
        return
    changed = [
        await free_seat(
            db,
            record,
            actor=command.actor,
            reason=None,
            now=command.now,
            credit_grace=credit_grace,
        )
        for record in await read_several(db, command.practice_id, session_ids)
    ]
    await finish_all(db, changed, command.now, command_id=command.id, people=())


async def _waive(db: AsyncConnection, command: _Command, fee_id: UUID) -> None:
    """Waive a due fee. Only webhooks are told."""
    practice_id, now = command.practice_id, command.now
    await close_due_fee(db, practice_id, fee_id, "waived", now)
    fee = await read_fee(db, practice_id, fee_id)
    record = await read_session(db, practice_id, fee.session_id)
    await CarriedRepository(db, practice_id).set(fee.session_id, None)
    change = fee_change(command.actor, fee, record, "fee_waived")
    told = [NewNotification("fee.waived", "webhook", record.starts_at, now)]
    change = replace(change, command_id=command.id)
    await finish(db, practice_id, fee.session_id, change, told, now)


async def _end_wishes(db: AsyncConnection, command: _Command) -> None:
    """End the client's wishes; their open offers go to the next who wait."""
    wish_ids = await active_wish_ids(db, command.practice_id, command.client_id)
    if not wish_ids:
        return
    await WaitlistRepository(db, command.practice_id).lock_wishes(wish_ids)
    for wish_id in wish_ids:
        await end_wish(
            db,
            (await read_wish(db, command.practice_id, wish_id)).columns(),
            "withdrawn",
            actor=command.actor,
            command_id=command.id,
            now=command.now,
        )
