"""Release a session's time: it is given up only if somebody who waits takes it.

Source: product.md section 10, "Release"; docs/decisions/0039-release.md. Every change of the
session ends its release. All of these commands hold the practitioner's lock.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import SYSTEM, Actor
from app.calendar.locks import lock_session
from app.domain.errors import (
    InvalidInputError,
    OfferGoneError,
    ReleaseUnavailableError,
    WaitlistOffError,
)
from app.domain.history import ChangeKind
from app.domain.policy.costs import Cost
from app.domain.policy.decide import RefusalCode, decide
from app.domain.policy.judgement import Judged
from app.domain.policy.rules import Action, Credit
from app.domain.refusals import ActionRefusedError
from app.domain.release import latest_release, live_release, release_choice
from app.domain.session import Status
from app.identity.tokens.access import Caller
from app.outbox.outbox import NewNotification, notifications_about, queue_notifications
from app.policies.stored import rules_of
from app.sessions.commands.checks import check_version
from app.sessions.commands.ending import write_end
from app.sessions.commands.finish import entry_about, finish
from app.sessions.commands.history_repository import About, HistoryRepository
from app.sessions.commands.wish_ending import withdraw_offers
from app.sessions.read.queries import read_session
from app.sessions.read.records import SessionRecord
from app.waitlist.freed_queries import (
    add_freed_times,
    read_freed_time,
    read_release_end,
    read_released,
    read_releaser,
)
from app.waitlist.queries import open_offers_of_time
from app.waitlist.repository import WaitlistRepository


@dataclass(frozen=True, slots=True)
class ReleaseOutcome:
    """A session whose time is released until `until`. `command_id` None: nothing has changed."""

    record: SessionRecord
    until: datetime
    command_id: UUID | None
    is_new: bool = False


async def release_time(
    db: AsyncConnection,
    caller: Caller,
    session_id: UUID,
    until: datetime | None,
    *,
    if_match: str | None,
    now: datetime,
) -> ReleaseOutcome:
    """Offer the session's time to those who wait, or change until when. The session stays booked.

    `until` None: two hours before the start, which is also the latest.

    Raises:
        NotFoundError, UnauthorizedError, VersionMismatchError: see product.md section 4.
        ActionRefusedError: the session is not booked or has started, or clients may not cancel.
        WaitlistOffError: the service has no waitlist.
        ReleaseUnavailableError: the policy has no release, cancelling is free, or the session
            starts too soon.
        InvalidInputError: `until` is past, later than two hours before the start, or before the end
            of an open offer of the time.
    """
    practice_id = caller.practice_id
    await lock_session(db, practice_id, session_id, client_id=caller.client_id)
    record = await read_session(db, caller, session_id)
    check_version(record, if_match)
    _check_available(record, now)
    end, command_id = _end_of(record, until, now), uuid4()
    released = await read_released(db, practice_id, session_id)
    if released is not None and live_release(record.release_until, now) is None:
        # Left by a release that is over, which the worker has not recorded yet.
        if record.release_until is None:
            await _end(db, record, released.id, caller.actor, command_id, now)
        else:
            await _end_unused(db, record, released.id, now)
        released = None
    if released is None:
        await _add(db, record, end, caller.actor, command_id, now)
        return ReleaseOutcome(record, end, command_id, is_new=True)
    if record.release_until == end:
        return ReleaseOutcome(record, end, None)
    await _check_nobody_is_asked_later(db, record, released.id, end, now)
    repository = WaitlistRepository(db, practice_id)
    await repository.set_release(session_id, end)
    await repository.look_again(released.id, now)
    await _record(db, record, "released", caller.actor, released.id, command_id, now, until=end)
    return ReleaseOutcome(record, end, command_id)


async def take_back_release(
    db: AsyncConnection, caller: Caller, session_id: UUID, *, now: datetime
) -> None:
    """End the release of a session's time; it is no longer offered. Without one nothing changes.

    Raises:
        NotFoundError, UnauthorizedError: see product.md section 4.
    """
    practice_id = caller.practice_id
    await lock_session(db, practice_id, session_id, client_id=caller.client_id)
    record = await read_session(db, caller, session_id)
    released = await read_released(db, practice_id, session_id)
    if released is None or live_release(record.release_until, now) is None:
        return
    command_id = uuid4()
    await _end(db, record, released.id, caller.actor, command_id, now)
    await _record(db, record, "release_withdrawn", caller.actor, released.id, command_id, now)


async def end_release(
    db: AsyncConnection, practice_id: UUID, session_id: UUID, *, now: datetime
) -> None:
    """End a release that nobody has used in time, and tell its client. Only the worker does this.

    Exactly at its end the time could still be taken.

    Raises:
        NotFoundError: the practice has no such session.
    """
    await lock_session(db, practice_id, session_id)
    record = await read_session(db, practice_id, session_id)
    if record.release_until is None or now <= record.release_until:
        return
    released = await read_released(db, practice_id, session_id)
    if released is None:
        await WaitlistRepository(db, practice_id).set_release(session_id, None)
        return
    await _end_unused(db, record, released.id, now)


async def take_released(
    db: AsyncConnection,
    practice_id: UUID,
    freed_time_id: UUID,
    *,
    now: datetime,
    credit_grace: timedelta,
) -> None:
    """Cancel the session that has released its time, free of charge, for its client.

    The caller holds its lock, and gives the time to somebody else in the same transaction.

    Raises:
        OfferGoneError: the release has ended.
    """
    freed = await read_freed_time(db, practice_id, freed_time_id)
    if live_release(await read_release_end(db, freed), now) is None or freed.session_id is None:
        raise OfferGoneError
    record = await read_session(db, practice_id, freed.session_id)
    await WaitlistRepository(db, practice_id).end_time(freed_time_id, now)
    change = await write_end(
        db,
        record,
        Status.CANCELLED,
        Judged(Cost(None, Credit.RETURNED if record.paid_by_credit else None)),
        actor=await read_releaser(db, freed),
        reason=None,
        now=now,
        credit_grace=credit_grace,
    )
    details = (change.details or {}) | {"release": str(freed_time_id)}
    notifications = notifications_about("cancelled", record.starts_at, now)
    change = replace(change, details=details)
    await finish(db, practice_id, record.id, change, notifications, now)


def _check_available(record: SessionRecord, now: datetime) -> None:
    policy, facts = rules_of(record.policy), record.facts
    decision = decide(policy, Action.CANCEL, facts, now)
    refusal = decision.refusal
    if refusal is not None and refusal.code is not RefusalCode.NOTICE_TOO_SHORT:
        raise ActionRefusedError(decision, record.client_zone)
    if not record.has_waitlist:
        raise WaitlistOffError
    choice = release_choice(
        policy, decision, facts, now, has_waitlist=True, waiting=record.is_waited_for
    )
    if choice is None or not choice.available:
        raise ReleaseUnavailableError


def _end_of(record: SessionRecord, until: datetime | None, now: datetime) -> datetime:
    latest = latest_release(record.starts_at)
    if until is None:
        return latest
    if until <= now:
        raise InvalidInputError("/until", "field.in-the-past")
    if until > latest:
        raise InvalidInputError("/until", "field.release-too-late")
    return until.astimezone(UTC)


async def _check_nobody_is_asked_later(
    db: AsyncConnection, record: SessionRecord, freed_time_id: UUID, end: datetime, now: datetime
) -> None:
    """Check that a release lasts as long as the open offers of its time, as their mails promise."""
    offers = await open_offers_of_time(db, record.practice_id, freed_time_id)
    asked = [offer.answer_by for offer in offers if offer.state_at(now) == "open"]
    latest = max(asked, default=end)
    if end < latest:
        shown = latest.astimezone(record.client_zone).isoformat()
        raise InvalidInputError("/until", "field.release-asked", until=shown)


async def _add(
    db: AsyncConnection,
    record: SessionRecord,
    end: datetime,
    actor: Actor,
    command_id: UUID,
    now: datetime,
) -> None:
    """Begin a release: the worker offers the time, which the session still takes."""
    practice_id, freed_time_id = record.practice_id, uuid4()
    await WaitlistRepository(db, practice_id).set_release(record.id, end)
    change_id = await _record(
        db, record, "released", actor, freed_time_id, command_id, now, until=end
    )
    row = {
        "id": freed_time_id,
        "change_id": change_id,
        "practitioner_id": record.practitioner_id,
        "service_id": record.service_id,
        "session_id": record.id,
        "group_id": record.group_id,
        "released": True,
        "starts_at": record.starts_at,
        "ends_at": record.ends_at,
        "freed_at": now,
        "look_at": now,
    }
    await add_freed_times(db, practice_id, [row])


async def _end(
    db: AsyncConnection,
    record: SessionRecord,
    freed_time_id: UUID,
    actor: Actor,
    command_id: UUID,
    now: datetime,
) -> None:
    """End a release; open offers of its time are withdrawn, and their clients are told."""
    practice_id = record.practice_id
    repository = WaitlistRepository(db, practice_id)
    await repository.set_release(record.id, None)
    offers = await open_offers_of_time(db, practice_id, freed_time_id)
    await repository.lock_wishes([offer.wish_id for offer in offers])
    # Read again under the locks: an offer may have ended with its wish.
    offers = await open_offers_of_time(db, practice_id, freed_time_id)
    await withdraw_offers(
        db, practice_id, offers, actor=actor, command_id=command_id, now=now, tells_clients=True
    )
    await repository.end_time(freed_time_id, now)


async def _end_unused(
    db: AsyncConnection, record: SessionRecord, freed_time_id: UUID, now: datetime
) -> None:
    """End a release that nobody has used in time, and tell its client, unless it has started."""
    command_id = uuid4()
    await _end(db, record, freed_time_id, SYSTEM, command_id, now)
    change_id = await _record(db, record, "release_ended", SYSTEM, freed_time_id, command_id, now)
    if now < record.starts_at:
        mail = NewNotification("release_ended", "client", record.starts_at, now)
        await queue_notifications(db, record.practice_id, record.id, change_id, [mail], now)


async def _record(
    db: AsyncConnection,
    record: SessionRecord,
    kind: ChangeKind,
    actor: Actor,
    freed_time_id: UUID,
    command_id: UUID,
    now: datetime,
    *,
    until: datetime | None = None,
) -> UUID:
    """Add an entry to the session's history, and return its id. The session does not change."""
    details = None if until is None else {"until": until.isoformat()}
    about = About("release", freed_time_id)
    change = entry_about(about, kind, actor, record, details=details)
    history = HistoryRepository(db, record.practice_id)
    change = replace(change, command_id=command_id)
    (change_id,) = await history.record([(record.id, change)], now)
    return change_id
