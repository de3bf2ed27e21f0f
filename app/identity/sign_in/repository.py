"""Statements on sign-in requests, emailed links and refresh token families. Nothing commits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Row, case, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.held_times import HoldRepository
from app.identity.tokens.access import Caller
from app.identity.tokens.sign_in import MailedLink, RefreshToken
from app.outbox.queue import HAS_NO_WAKE
from app.tables.identity import SignIn, SignInCounter, SignInFamily, SignInRequest
from app.tables.joins import of_practice
from app.tables.practices import Client

_DUE = text(
    "SELECT id, attempt_at FROM sign_in_requests"  # noqa: S608 - our own words
    " WHERE attempt_at <= :now"
    f" AND {HAS_NO_WAKE.format(table='sign_in_requests')} ORDER BY attempt_at LIMIT :most"
)


@dataclass(frozen=True, slots=True)
class Family:
    """A refresh token family, and whether its client is active and at which generation."""

    client_id: UUID
    token_generation: int
    number: int
    rotated_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    is_active: bool
    present_generation: int

    @property
    def is_valid(self) -> bool:
        """Return whether the client is active and has not signed out everywhere since."""
        return self.is_active and self.token_generation == self.present_generation


async def count_request(
    db: AsyncConnection, address_hash: bytes, now: datetime, window: timedelta, most: int
) -> int:
    """Count a request for an address and return the count in the present window.

    A window begins with its first request. The count stops at `most + 1`.
    """
    is_over = SignInCounter.since <= now - window
    more = func.least(SignInCounter.count + 1, most + 1)
    counted = (
        upsert(SignInCounter)
        .values(address_hash=address_hash, since=now, count=1)
        .on_conflict_do_update(
            index_elements=[SignInCounter.address_hash],
            set_={
                "since": case((is_over, now), else_=SignInCounter.since),
                "count": case((is_over, 1), else_=more),
            },
        )
        .returning(SignInCounter.count)
    )
    return (await db.execute(counted)).scalar_one()


async def add_request(db: AsyncConnection, request_id: UUID, address: str, now: datetime) -> None:
    """Insert a request for a sign-in link, due at once."""
    await db.execute(
        insert(SignInRequest).values(
            id=request_id, address=address, requested_at=now, attempt_at=now
        )
    )


async def lock_request(
    db: AsyncConnection, request_id: UUID, *, skip_locked: bool
) -> Row[Any] | None:
    """Lock and read a request. None if it is gone, or locked by another with `skip_locked`."""
    wanted = select(SignInRequest.__table__).where(SignInRequest.id == request_id)
    return (await db.execute(wanted.with_for_update(skip_locked=skip_locked))).one_or_none()


async def delete_request(db: AsyncConnection, request_id: UUID) -> None:
    """Delete a request that is answered or given up."""
    await db.execute(delete(SignInRequest).where(SignInRequest.id == request_id))


async def write_attempt(
    db: AsyncConnection, request_id: UUID, attempts: int, attempt_at: datetime
) -> None:
    """Set the number of failed attempts of a request and the time of the next one."""
    await db.execute(
        update(SignInRequest)
        .where(SignInRequest.id == request_id)
        .values(attempts=attempts, attempt_at=attempt_at)
    )


async def add_links(db: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the links of a mail."""
    await db.execute(insert(SignIn), rows)


class UsedLink(NamedTuple):
    """The client of a link, their token generation, and when the link expires."""

    client_id: UUID
    generation: int
    expires_at: datetime


async def use_link(db: AsyncConnection, link: MailedLink, now: datetime) -> UsedLink | None:
    """Mark a link as used, even if it has expired. None: it is unknown, was used, or is revoked."""
    used = (
        await db.execute(
            update(SignIn)
            .where(*_good_link(link))
            .values(used_at=now)
            .returning(SignIn.client_id, SignIn.token_generation, SignIn.expires_at)
        )
    ).one_or_none()
    return None if used is None else UsedLink(*used)


async def add_family(db: AsyncConnection, practice_id: UUID, values: Mapping[str, Any]) -> None:
    """Insert a refresh token family."""
    await db.execute(insert(SignInFamily).values(practice_id=practice_id, **values))


async def end_tokens(db: AsyncConnection, caller: Caller, now: datetime) -> bool:
    """Revoke the access tokens of a client. Return whether the caller's own was still valid."""
    ended = await db.execute(
        update(Client)
        .where(
            Client.practice_id == caller.practice_id,
            Client.id == caller.client_id,
            Client.token_generation == caller.generation,
        )
        .values(token_generation=Client.token_generation + 1, tokens_ended_at=now)
    )
    return ended.rowcount > 0


async def end_families(db: AsyncConnection, caller: Caller, now: datetime) -> None:
    """End all refresh token families of a client."""
    await db.execute(
        update(SignInFamily)
        .where(
            SignInFamily.practice_id == caller.practice_id,
            SignInFamily.client_id == caller.client_id,
            SignInFamily.ended_at.is_(None),
        )
        .values(ended_at=now)
    )


async def end_all_tokens(db: AsyncConnection, practice_id: UUID, now: datetime) -> None:
    """Revoke the tokens, sign-ins and emailed links of all clients of a practice, and all holds."""
    await db.execute(
        update(Client)
        .where(Client.practice_id == practice_id)
        .values(
            token_generation=Client.token_generation + 1,
            tokens_ended_at=now,
            address_generation=Client.address_generation + 1,
        )
    )
    # After the rows of clients, as in every command that writes a hold.
    await HoldRepository(db, practice_id).end_all()


async def delete_old_sign_ins(
    db: AsyncConnection,
    *,
    links_until: datetime,
    families_until: datetime,
    counters_until: datetime,
) -> None:
    """Delete the rows of all practices that ended at or before these times."""
    await db.execute(delete(SignIn).where(SignIn.expires_at <= links_until))
    ended = (SignInFamily.expires_at <= families_until) | (SignInFamily.ended_at <= families_until)
    await db.execute(delete(SignInFamily).where(ended))
    await db.execute(delete(SignInCounter).where(SignInCounter.since <= counters_until))


async def due_requests(
    db: AsyncConnection, now: datetime, most: int
) -> Sequence[tuple[UUID, datetime]]:
    """List requests that are due and have no wake, each with the time at which it is due."""
    rows = await db.execute(_DUE, {"now": now, "most": most})
    return [(row.id, row.attempt_at) for row in rows]


async def lock_family(db: AsyncConnection, token: RefreshToken) -> Family | None:
    """Lock and read the family of a refresh token. None if there is none."""
    row = (
        await db.execute(
            select(
                SignInFamily.client_id,
                SignInFamily.token_generation,
                SignInFamily.number,
                SignInFamily.rotated_at,
                SignInFamily.expires_at,
                SignInFamily.ended_at,
                Client.active,
                Client.token_generation,
            )
            .join(
                Client,
                of_practice(token.practice_id, Client, Client.id == SignInFamily.client_id),
            )
            .where(*_of_family(token))
            .with_for_update(of=SignInFamily)
        )
    ).one_or_none()
    return None if row is None else Family(*row)


async def change_family(db: AsyncConnection, token: RefreshToken, **values: object) -> UUID | None:
    """Change columns of a family that has not ended. Return its client; None: there is none."""
    return await db.scalar(
        update(SignInFamily)
        .where(*_of_family(token), SignInFamily.ended_at.is_(None))
        .values(**values)
        .returning(SignInFamily.client_id)
    )


def _of_family(token: RefreshToken) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (SignInFamily.practice_id == token.practice_id, SignInFamily.id == token.family_id)


def _good_link(link: MailedLink) -> tuple[ColumnElement[bool], ...]:
    return (
        SignIn.practice_id == link.practice_id,
        SignIn.id == link.sign_in_id,
        SignIn.used_at.is_(None),
        Client.practice_id == link.practice_id,
        Client.id == SignIn.client_id,
        Client.token_generation == SignIn.token_generation,
        Client.active.is_(True),
    )
