"""Change the practice's own sign-in."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor, write_change
from app.domain.errors import InvalidInputError, IssuerTakenError
from app.identity.api_keys.keys import Staff
from app.identity.oidc.queries import read_provider
from app.identity.oidc.records import Provider
from app.identity.oidc.repository import delete_provider, is_taken, write_provider
from app.outbound.targets import BadTargetError, read_target


def check_issuer(issuer: str, *, insecure: bool) -> None:
    """Check that an issuer is a URL at which its keys may be read.

    Raises:
        InvalidInputError: it is not https, has a query or a fragment, or is in a private network.
    """
    try:
        read_target(issuer, insecure=insecure)
    except BadTargetError as error:
        why = error.explanation
        raise InvalidInputError("/issuer", why.key, where="body", **why.values) from None
    if "?" in issuer:
        raise InvalidInputError("/issuer", "field.issuer-query")


async def set_provider(
    db: AsyncConnection, staff: Staff, provider: Provider, now: datetime
) -> Provider:
    """Set the practice's own sign-in. What is set already changes nothing.

    Raises:
        IssuerTakenError: another practice uses the issuer with this audience.
    """
    practice_id = staff.practice_id
    if await is_taken(db, practice_id, issuer=provider.issuer, audience=provider.audience):
        raise IssuerTakenError
    if await read_provider(db, practice_id) == provider:
        return provider
    await write_provider(db, practice_id, provider)
    await write_change(
        db,
        practice_id,
        staff.actor,
        now,
        subject="sign_in",
        subject_id=practice_id,
        kind="updated",
        details=asdict(provider),
    )
    return provider


async def remove_provider(
    db: AsyncConnection, practice_id: UUID, actor: Actor, now: datetime
) -> None:
    """Remove the practice's own sign-in, if it has one. Its tokens are refused from then on."""
    found = await read_provider(db, practice_id)
    if found is None:
        return
    await delete_provider(db, practice_id)
    await write_change(
        db,
        practice_id,
        actor,
        now,
        subject="sign_in",
        subject_id=practice_id,
        kind="removed",
        details=asdict(found),
    )
