"""Statements that write the practice's own sign-in. Nothing here commits."""

from dataclasses import asdict
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.identity.oidc.records import Provider
from app.tables.identity import SignInProvider


async def is_taken(db: AsyncConnection, practice_id: UUID, *, issuer: str, audience: str) -> bool:
    """Tell whether another practice uses the issuer with this audience.

    Until the transaction ends, others that ask the same wait. If two practices should use it all
    the same (several database servers behind one address), tokens of it open neither of them.
    """
    key = func.hashtextextended(f"{issuer}\n{audience}", 0)
    await db.execute(select(func.pg_advisory_xact_lock(key)))
    others = select(text("1")).where(
        SignInProvider.issuer == issuer,
        SignInProvider.audience == audience,
        SignInProvider.practice_id != practice_id,
    )
    return (await db.execute(others.limit(1))).first() is not None


async def write_provider(db: AsyncConnection, practice_id: UUID, provider: Provider) -> None:
    """Insert the practice's own sign-in, or replace it."""
    values = asdict(provider)
    await db.execute(
        insert(SignInProvider)
        .values(practice_id=practice_id, **values)
        .on_conflict_do_update(index_elements=[SignInProvider.practice_id], set_=values)
    )


async def delete_provider(db: AsyncConnection, practice_id: UUID) -> None:
    """Delete the practice's own sign-in."""
    await db.execute(delete(SignInProvider).where(SignInProvider.practice_id == practice_id))
