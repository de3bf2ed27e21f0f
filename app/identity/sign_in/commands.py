"""Signing in with a mailed link, staying signed in, and signing out (product.md section 8)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import write_change
from app.domain.errors import LinkExpiredError, LinkInvalidError, UnauthorizedError
from app.identity.queries import ClientRecord, client_record
from app.identity.sign_in.repository import (
    add_family,
    change_family,
    end_families,
    end_tokens,
    is_good_link,
    lock_family,
    use_link,
)
from app.identity.tokens.access import Caller
from app.identity.tokens.sign_in import MailedLink, RefreshToken

# The answer to a refresh may be lost on its way; so long the old token gets it once more.
GRACE = timedelta(seconds=30)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is signed in, his present refresh token, and when he has to sign in anew."""

    caller: Caller
    refresh_token: RefreshToken
    expires_at: datetime
    record: ClientRecord


async def sign_in(
    db: AsyncConnection, link: MailedLink, *, lifetime: timedelta, now: datetime
) -> SignedIn:
    """Use a mailed link, for the one time that it is good.

    Raises:
        LinkInvalidError: it was used, its client is not active, or he signed out everywhere since.
        LinkExpiredError: it would be good, but was used too late.
    """
    used = await use_link(db, link, now)
    if used is None:
        raise LinkExpiredError if await is_good_link(db, link) else LinkInvalidError
    client_id, generation = used
    family_id = uuid4()
    await add_family(
        db,
        link.practice_id,
        {
            "id": family_id,
            "client_id": client_id,
            "token_generation": generation,
            "number": 1,
            "rotated_at": now,
            "expires_at": now + lifetime,
        },
    )
    caller = Caller(link.practice_id, client_id, generation)
    token = RefreshToken(link.practice_id, family_id, 1)
    return await _signed_in(db, caller, token, now + lifetime)


async def refresh(
    db: AsyncConnection, token: RefreshToken | None, *, now: datetime
) -> SignedIn | None:
    """Replace a refresh token by the next one; None where it is not good.

    None rather than an error, because the end of a family has to be committed: a token that was
    replaced longer ago than the grace may be in strange hands, and then so may the present one.
    """
    if token is None:
        return None
    family = await lock_family(db, token)
    if family is None or family.ended_at is not None or now >= family.expires_at:
        return None
    is_present = token.number == family.number
    is_lost_answer = token.number == family.number - 1 and now - family.rotated_at <= GRACE
    if not family.is_his or not (is_present or is_lost_answer):
        log.warning(
            "sign_in_ended", practice_id=str(token.practice_id), family_id=str(token.family_id)
        )
        await change_family(db, token, ended_at=now)
        return None
    present = replace(token, number=family.number)
    if is_present:
        present = replace(token, number=family.number + 1)
        await change_family(db, token, number=present.number, rotated_at=now)
    caller = Caller(token.practice_id, family.client_id, family.token_generation)
    return await _signed_in(db, caller, present, family.expires_at)


def granted(signed_in: SignedIn | None) -> SignedIn:
    """Give what `refresh` gave, once that is committed.

    Raises:
        UnauthorizedError: it gave nothing.
    """
    if signed_in is None:
        raise UnauthorizedError
    return signed_in


async def sign_out(db: AsyncConnection, token: RefreshToken | None, *, now: datetime) -> None:
    """End a token's family, also by an older token of it. Where there is none, all is well."""
    if token is not None:
        await change_family(db, token, ended_at=now)


async def sign_out_everywhere(db: AsyncConnection, caller: Caller, *, now: datetime) -> None:
    """End all access tokens, refresh tokens and sign-in links that the client has had so far.

    Raises:
        UnauthorizedError: his token was ended before.
    """
    if not await end_tokens(db, caller):
        raise UnauthorizedError
    await end_families(db, caller, now)
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
