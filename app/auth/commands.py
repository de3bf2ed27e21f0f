"""Signing in with a mailed link, staying signed in, and signing out (product.md section 8)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import structlog
from sqlalchemy import ColumnElement, and_, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth.models import SignIn, SignInFamily
from app.auth.sign_in_tokens import MailedLink, RefreshToken
from app.auth.tokens import Caller
from app.changes.trail import write_change
from app.domain.errors import LinkExpiredError, LinkInvalidError, UnauthorizedError
from app.practices.models import Client
from app.practices.queries import ClientRecord, client_record

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


@dataclass(frozen=True, slots=True)
class _Family:
    """A family as its row says, and the client as he is now."""

    client_id: UUID
    token_generation: int
    number: int
    rotated_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    is_active: bool
    present_generation: int

    @property
    def is_his(self) -> bool:
        """Tell whether it is still of a client who may be signed in."""
        return self.is_active and self.token_generation == self.present_generation


async def sign_in(
    db: AsyncConnection, link: MailedLink, *, lifetime: timedelta, now: datetime
) -> SignedIn:
    """Use a mailed link, for the one time that it is good.

    Raises:
        LinkInvalidError: it was used, its client is not active, or he signed out everywhere since.
        LinkExpiredError: it would be good, but was used too late.
    """
    used = (
        await db.execute(
            update(SignIn)
            .where(*_good_link(link), SignIn.expires_at > now)
            .values(used_at=now)
            .returning(SignIn.client_id, SignIn.token_generation)
        )
    ).one_or_none()
    if used is None:
        is_late = (await db.execute(select(SignIn.id).where(*_good_link(link)))).one_or_none()
        raise LinkExpiredError if is_late else LinkInvalidError
    family_id = uuid4()
    await db.execute(
        insert(SignInFamily).values(
            practice_id=link.practice_id,
            id=family_id,
            client_id=used.client_id,
            token_generation=used.token_generation,
            number=1,
            rotated_at=now,
            expires_at=now + lifetime,
        )
    )
    caller = Caller(link.practice_id, used.client_id, used.token_generation)
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
    family = await _locked_family(db, token)
    if family is None or family.ended_at is not None or now >= family.expires_at:
        return None
    is_present = token.number == family.number
    is_lost_answer = token.number == family.number - 1 and now - family.rotated_at <= GRACE
    if not family.is_his or not (is_present or is_lost_answer):
        log.warning(
            "sign_in_ended", practice_id=str(token.practice_id), family_id=str(token.family_id)
        )
        await _change(db, token, ended_at=now)
        return None
    present = replace(token, number=family.number)
    if is_present:
        present = replace(token, number=family.number + 1)
        await _change(db, token, number=present.number, rotated_at=now)
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
        await _change(db, token, ended_at=now)


async def sign_out_everywhere(db: AsyncConnection, caller: Caller, *, now: datetime) -> None:
    """End all access tokens, refresh tokens and sign-in links that the client has had so far.

    Raises:
        UnauthorizedError: his token was ended before.
    """
    ended = await db.execute(
        update(Client)
        .where(
            Client.practice_id == caller.practice_id,
            Client.id == caller.client_id,
            Client.token_generation == caller.generation,
        )
        .values(token_generation=Client.token_generation + 1)
    )
    if not ended.rowcount:
        raise UnauthorizedError
    await db.execute(
        update(SignInFamily)
        .where(
            SignInFamily.practice_id == caller.practice_id,
            SignInFamily.client_id == caller.client_id,
            SignInFamily.ended_at.is_(None),
        )
        .values(ended_at=now)
    )
    await write_change(
        db,
        caller.practice_id,
        caller.actor,
        now,
        subject="client",
        subject_id=caller.client_id,
        kind="signed_out_everywhere",
    )


async def end_all_tokens(db: AsyncConnection, practice_id: UUID) -> None:
    """End what all clients of a practice hold: tokens, sign-ins, and the links in their mails."""
    await db.execute(
        update(Client)
        .where(Client.practice_id == practice_id)
        .values(
            token_generation=Client.token_generation + 1,
            address_generation=Client.address_generation + 1,
        )
    )


def _good_link(link: MailedLink) -> tuple[ColumnElement[bool], ...]:
    return (
        SignIn.practice_id == link.practice_id,
        SignIn.id == link.sign_in_id,
        SignIn.used_at.is_(None),
        Client.practice_id == SignIn.practice_id,
        Client.id == SignIn.client_id,
        Client.token_generation == SignIn.token_generation,
        Client.active.is_(True),
    )


async def _signed_in(
    db: AsyncConnection, caller: Caller, token: RefreshToken, expires_at: datetime
) -> SignedIn:
    record = await client_record(db, caller.practice_id, caller.client_id)
    return SignedIn(caller, token, expires_at, record)


async def _locked_family(db: AsyncConnection, token: RefreshToken) -> _Family | None:
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
                and_(
                    Client.practice_id == SignInFamily.practice_id,
                    Client.id == SignInFamily.client_id,
                ),
            )
            .where(*_of_family(token))
            .with_for_update(of=SignInFamily)
        )
    ).one_or_none()
    return None if row is None else _Family(*row)


async def _change(db: AsyncConnection, token: RefreshToken, **values: object) -> None:
    await db.execute(
        update(SignInFamily)
        .where(*_of_family(token), SignInFamily.ended_at.is_(None))
        .values(**values)
    )


def _of_family(token: RefreshToken) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (SignInFamily.practice_id == token.practice_id, SignInFamily.id == token.family_id)
