"""Wish for another time, or end a wish: by the client of a session, or by staff."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.queries import read_command_id
from app.audit.write import SYSTEM, Actor
from app.calendar.locks import lock_client, lock_practitioner, lock_session
from app.domain.errors import InvalidInputError, NotFoundError, WaitlistOffError
from app.domain.policy.decide import decide, why_not_open
from app.domain.policy.rules import Action
from app.domain.refusals import ActionRefusedError
from app.domain.session import Format
from app.domain.waitlist import ACTIVE, may_wish
from app.identity.api_keys.keys import Staff
from app.identity.tokens.access import Caller
from app.policies.stored import rules_of
from app.sessions.commands.wish_ending import end_wish
from app.sessions.commands.wish_trail import write_wish_change
from app.sessions.read.queries import Viewer, read_session
from app.sessions.read.records import SessionRecord
from app.waitlist.commands.naming import UNKNOWN, check_named
from app.waitlist.queries import read_wish, read_wish_of_session
from app.waitlist.records import NewWish, WishedTimes, WishOutcome, WishRecord
from app.waitlist.repository import WaitlistRepository


async def put_wish(
    db: AsyncConnection, caller: Caller, session_id: UUID, times: WishedTimes, *, now: datetime
) -> WishOutcome:
    """Wish for an earlier time of a session, or change the wish that there is.

    A wish that is changed keeps its place in the order. One that was paused waits again.

    Raises:
        NotFoundError, UnauthorizedError: see product.md section 4.
        ActionRefusedError: the session is not booked, or has started.
        WaitlistOffError: the service has no waitlist.
        InvalidInputError: `until` is past or after the present start; or the service does not have
            one of the formats.
    """
    await lock_session(db, caller.practice_id, session_id, client_id=caller.client_id)
    record = await read_session(db, caller, session_id)
    return await _put(db, record, times, urgent=None, actor=caller.actor, now=now)


async def withdraw_own_wish(
    db: AsyncConnection, caller: Caller, session_id: UUID, *, now: datetime
) -> None:
    """End the wish for a session. Does nothing if there is none, or it has lapsed.

    Raises:
        NotFoundError, UnauthorizedError: see product.md section 4.
    """
    await lock_session(db, caller.practice_id, session_id, client_id=caller.client_id)
    await read_session(db, caller, session_id)
    wish = await _lock_wish_of_session(db, caller.practice_id, session_id)
    if wish is not None and wish.state_at(now) in ACTIVE:
        await end_wish(
            db,
            wish.columns(),
            "withdrawn",
            actor=caller.actor,
            command_id=uuid4(),
            now=now,
        )


async def read_own_wish(db: AsyncConnection, viewer: Viewer, session_id: UUID) -> WishRecord | None:
    """Read the latest wish for a session; None: there never was one.

    Raises:
        NotFoundError: there is no such session for this viewer.
        UnauthorizedError: the client's token was revoked.
    """
    record = await read_session(db, viewer, session_id)
    return await read_wish_of_session(db, record.practice_id, session_id)


async def add_wish_by_staff(
    db: AsyncConnection, staff: Staff, new: NewWish, *, now: datetime
) -> WishOutcome:
    """Enter a wish for a client. For a session it replaces the wish that there is.

    Raises:
        InvalidInputError: something that it names is not the practice's or not active, or does not
            belong together; or as for `put_wish`.
        ActionRefusedError, WaitlistOffError: as for `put_wish`.
    """
    if new.session_id is not None:
        return await _put_by_staff(db, staff, new, new.session_id, now)
    return await _add_without_session(db, staff, new, now)


async def withdraw_wish(
    db: AsyncConnection, staff: Staff, wish_id: UUID, *, now: datetime
) -> WishOutcome:
    """End a wish for the practice, and withdraw its offer. One that has ended does not change.

    Raises:
        NotFoundError: the practice has no such wish.
    """
    wish = await _lock_wish(db, staff.practice_id, wish_id)
    if wish.state == "withdrawn":
        first = await read_command_id(db, staff.practice_id, wish_id, "withdrawn")
        return WishOutcome(wish, first)
    if wish.state_at(now) not in ACTIVE:
        return WishOutcome(wish, None)
    command_id = uuid4()
    await end_wish(
        db,
        wish.columns(),
        "withdrawn",
        actor=staff.actor,
        command_id=command_id,
        now=now,
        tells_client=True,
    )
    return WishOutcome(await read_wish(db, staff.practice_id, wish_id), command_id)


async def resume_wish(
    db: AsyncConnection, staff: Staff, wish_id: UUID, *, now: datetime
) -> WishOutcome:
    """Let a paused wish wait again. One that is not paused, or has lapsed, does not change.

    Raises:
        NotFoundError: the practice has no such wish.
    """
    wish = await _lock_wish(db, staff.practice_id, wish_id)
    if wish.paused_at is None or wish.state_at(now) not in ACTIVE:
        return WishOutcome(wish, None)
    command_id = uuid4()
    repository = WaitlistRepository(db, staff.practice_id)
    await repository.change_wish(wish_id, paused_at=None, unanswered=0)
    wish = await read_wish(db, staff.practice_id, wish_id)
    await write_wish_change(db, staff.actor, wish.columns(), "resumed", command_id, now)
    return WishOutcome(wish, command_id)


async def _put(
    db: AsyncConnection,
    record: SessionRecord,
    times: WishedTimes,
    *,
    urgent: bool | None,
    actor: Actor,
    now: datetime,
) -> WishOutcome:
    """Write the wish for a session that the caller has locked. `urgent` None: as it is."""
    practice_id, session_id = record.practice_id, record.id
    repository = WaitlistRepository(db, practice_id)
    # Also of an inactive service: it is no longer booked, but its sessions still move.
    if not may_wish(record.facts, now, has_waitlist=record.has_waitlist):
        if why_not_open(record.facts, now) is None:
            raise WaitlistOffError
        # Not the decision on `reschedule`: it may allow to book an ended session again.
        decision = decide(rules_of(record.policy), Action.CANCEL, record.facts, now)
        raise ActionRefusedError(decision, record.client_zone)
    _check_until(times.until, record.starts_at, now)
    _check_formats(times, {offered.kind for offered in record.formats})
    wish, command_id = await _lock_wish_of_session(db, practice_id, session_id), uuid4()
    if wish is not None and wish.ended_at is None and wish.state_at(now) == "lapsed":
        await end_wish(db, wish.columns(), "lapsed", actor=actor, command_id=command_id, now=now)
        wish = None
    if wish is None or wish.ended_at is not None:
        kind, wish_id = "created", uuid4()
        await repository.add_wish(
            wish_id,
            client_id=record.client_id,
            session_id=session_id,
            service_id=record.service_id,
            practitioner_id=record.practitioner_id,
            urgent=bool(urgent),
            made_at=now,
            **times.columns(),
        )
    else:
        kind, wish_id = "updated", wish.id
        is_urgent = wish.urgent if urgent is None else urgent
        if (wish.times, wish.urgent, wish.paused_at) == (times, is_urgent, None):
            return WishOutcome(wish, None)
        await repository.change_wish(
            wish_id, urgent=is_urgent, paused_at=None, unanswered=0, **times.columns()
        )
    changed = await read_wish(db, practice_id, wish_id)
    await write_wish_change(db, actor, changed.columns(), kind, command_id, now)
    return WishOutcome(changed, command_id, is_new=kind == "created")


async def _put_by_staff(
    db: AsyncConnection, staff: Staff, new: NewWish, session_id: UUID, now: datetime
) -> WishOutcome:
    try:
        await lock_session(db, staff.practice_id, session_id)
    except NotFoundError:
        raise InvalidInputError("/session_id", UNKNOWN) from None
    record = await read_session(db, staff.practice_id, session_id)
    return await _put(db, record, new.times, urgent=new.urgent, actor=staff.actor, now=now)


async def _add_without_session(
    db: AsyncConnection, staff: Staff, new: NewWish, now: datetime
) -> WishOutcome:
    """Write a wish for a new session, whose parts are checked."""
    practice_id, repository = staff.practice_id, WaitlistRepository(db, staff.practice_id)
    named = await check_named(db, practice_id, new, now)
    _check_until(new.times.until, None, now)
    _check_formats(new.times, await repository.formats_of(named.service_id))
    wish_id, command_id = uuid4(), uuid4()
    await repository.add_wish(
        wish_id,
        client_id=named.client_id,
        session_id=None,
        service_id=named.service_id,
        practitioner_id=named.practitioner_id,
        group_id=new.group_id,
        package_id=new.package_id,
        urgent=new.urgent,
        made_at=now,
        **new.times.columns(),
    )
    wish = await read_wish(db, practice_id, wish_id)
    await write_wish_change(db, staff.actor, wish.columns(), "created", command_id, now)
    return WishOutcome(wish, command_id, is_new=True)


def _check_until(until: datetime | None, starts_at: datetime | None, now: datetime) -> None:
    if until is None:
        return
    if until <= now:
        raise InvalidInputError("/until", "field.in-the-past")
    if starts_at is not None and until > starts_at:
        raise InvalidInputError("/until", "field.until-after-start")


def _check_formats(times: WishedTimes, known: Collection[Format]) -> None:
    for index, wanted in enumerate(times.formats):
        if wanted not in known:
            raise InvalidInputError(f"/formats/{index}", "field.no-such-format")


async def _lock_wish_of_session(
    db: AsyncConnection, practice_id: UUID, session_id: UUID
) -> WishRecord | None:
    """Lock the wish for a session, whose lock the caller holds, and read it."""
    wish = await read_wish_of_session(db, practice_id, session_id)
    if wish is None:
        return None
    await WaitlistRepository(db, practice_id).lock_wishes([wish.id])
    return await read_wish(db, practice_id, wish.id)


async def _lock_wish(db: AsyncConnection, practice_id: UUID, wish_id: UUID) -> WishRecord:
    """Lock a wish, with its session or its client and the practitioner of its offer; read it.

    Raises:
        NotFoundError: the practice has no such wish.
    """
    wish = await read_wish(db, practice_id, wish_id)
    if wish.session_id is not None:
        await lock_session(db, practice_id, wish.session_id)
    else:
        if wish.offer is not None:
            await lock_practitioner(db, practice_id, wish.offer.practitioner_id)
        await lock_client(db, practice_id, wish.client_id)
    await WaitlistRepository(db, practice_id).lock_wishes([wish_id])
    return await read_wish(db, practice_id, wish_id)


async def lapse_wish(
    db: AsyncConnection, practice_id: UUID, wish_id: UUID, *, now: datetime
) -> None:
    """Record that a wish has lapsed. Only the worker does this.

    Raises:
        NotFoundError: the practice has no such wish.
    """
    wish = await _lock_wish(db, practice_id, wish_id)
    if wish.ended_at is not None or wish.state_at(now) != "lapsed":
        return
    await end_wish(
        db,
        wish.columns(),
        "lapsed",
        actor=SYSTEM,
        command_id=uuid4(),
        now=now,
        tells_client=True,
    )
