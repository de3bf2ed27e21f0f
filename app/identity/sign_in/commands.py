"""Sign in with an emailed link, refresh, and sign out (product.md section 8)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import write_change
from app.calendar.held_times import HoldRepository
from app.domain.errors import LinkExpiredError, LinkInvalidError, UnauthorizedError
from app.identity.queries import ClientRecord, client_record
from app.identity.sign_in.repository import (
    add_family,
    change_family,
    end_families,
    end_tokens,
    lock_family,
    use_link,
)
from app.identity.tokens.access import Caller
from app.identity.tokens.sign_in import MailedLink, RefreshToken

# Grace period: the previous refresh token is still accepted, in case the response was lost.
GRACE = timedelta(seconds=30)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A client who is signed in, their current refresh token, and the end of the sign-in."""

    caller: Caller
    refresh_token: RefreshToken
    expires_at: datetime
    record: ClientRecord


async def sign_in(
    db: AsyncConnection, link: MailedLink, *, lifetime: timedelta, now: datetime
) -> SignedIn:
    """Sign a client in with an emailed link. A link works once.

    Raises:
        LinkInvalidError: the link was used before, its client is not active, or the client has
            signed out everywhere since it was sent.
        LinkExpiredError: the link is valid but expired.
    """
    used = await use_link(db, link, now)
    if used is None:
        raise LinkInvalidError
    if now >= used.expires_at:
        raise LinkExpiredError
    family_id = uuid4()
    await add_family(
        db,
        link.practice_id,
        {
            "id": family_id,
            "client_id": used.client_id,
            "token_generation": used.generation,
            "number": 1,
            "rotated_at": now,
            "expires_at": now + lifetime,
        },
    )
    caller = Caller(link.practice_id, used.client_id, used.generation)
    token = RefreshToken(link.practice_id, family_id, 1)
    return await _signed_in(db, caller, token, now + lifetime)


async def refresh(
    db: AsyncConnection, token: RefreshToken | None, *, now: datetime
) -> SignedIn | None:
    """Replace a refresh token by the next one. Return None if the token is not valid.

    A token that was replaced before the grace period may be stolen, and the current one may be
    stolen too: the whole family ends. None is returned instead of an error so that this end is
    committed.
    """
    if token is None:
        return None
    family = await lock_family(db, token)
    if family is None or family.ended_at is not None or now >= family.expires_at:
        return None
    is_present = token.number == family.number
    is_lost_answer = token.number == family.number - 1 and now - family.rotated_at <= GRACE
    if not family.is_valid or not (is_present or is_lost_answer):
        log.warning(
            "sign_in_ended", practice_id=str(token.practice_id), family_id=str(token.family_id)
        )
        await change_family(db, token, ended_at=now)
        await HoldRepository(db, token.practice_id).end_by_sign_in(family.client_id)
        return None
    present = replace(token, number=family.number)
    if is_present:
        present = replace(token, number=family.number + 1)
        await change_family(db, token, number=present.number, rotated_at=now)
    caller = Caller(token.practice_id, family.client_id, family.token_generation)
    return await _signed_in(db, caller, present, family.expires_at)


def or_unauthorized(signed_in: SignedIn | None) -> SignedIn:
    """Return the result of `refresh`. Call it after the transaction is committed.

    Raises:
        UnauthorizedError: `refresh` returned None.
    """
    if signed_in is None:
        raise UnauthorizedError
    return signed_in


async def sign_out(db: AsyncConnection, token: RefreshToken | None, *, now: datetime) -> None:
    """End the family of a refresh token, of its current or an older one. None does nothing.

    What the client has held while signed in is free at once.
    """
    if token is None:
        return
    client_id = await change_family(db, token, ended_at=now)
    if client_id is not None:
        await HoldRepository(db, token.practice_id).end_by_sign_in(client_id)


async def sign_out_everywhere(db: AsyncConnection, caller: Caller, *, now: datetime) -> None:
    """End all access tokens, refresh tokens and sign-in links of the client.

    Raises:
        UnauthorizedError: the client's access token was revoked before.
    """
    if not await end_tokens(db, caller, now):
        raise UnauthorizedError
    await end_families(db, caller, now)
    await HoldRepository(db, caller.practice_id).end_by_sign_in(caller.client_id)
    await write_change(
        db,
        caller.practice_id,
        caller.actor,
        now,
        subject="client",
        subject_id=caller.client_id,
        kind="signed_out_everywhere",
    )


async def _signed_in(
    db: AsyncConnection, caller: Caller, token: RefreshToken, expires_at: datetime
) -> SignedIn:
    record = await client_record(db, caller.practice_id, caller.client_id)
    return SignedIn(caller, token, expires_at, record)
