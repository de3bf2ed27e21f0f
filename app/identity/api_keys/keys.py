"""API keys: how a practice's own software authenticates (docs/decisions/0010-api-keys.md)."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor, write_change
from app.database.statements import Source
from app.domain.errors import ForbiddenError, NotFoundError, UnauthorizedError
from app.identity.api_keys.repository import (
    KEY,
    UNREVOKED_KEY,
    add_key,
    lock_key,
    read_keys,
    write_revoked,
)

# Practice id, key id and secret. The two ids find the row of the key; they are not secret.
_SHAPE = re.compile(r"rk_([0-9a-f]{32})([0-9a-f]{32})_([A-Za-z0-9_-]{43})", re.ASCII)
_NO_HASH = bytes(32)


class ApiKeyRefusedError(UnauthorizedError):
    """The API key is missing, malformed, unknown, or revoked."""

    def __init__(self) -> None:
        super().__init__("unauthorized.api-key")


class Scope(StrEnum):
    """What a key may do. Each scope includes the ones before it.

    `read` reads all data of the practice except reasons, which may contain health information.
    `write` also reads reasons, and changes sessions, fees, records and working hours.
    `admin` also changes policies, webhook endpoints, API keys, and the practice itself.
    """

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"

    def allows(self, needed: "Scope") -> bool:
        """Return whether this scope includes `needed`."""
        order = list(Scope)
        return order.index(self) >= order.index(needed)

    @property
    def sees_reasons(self) -> bool:
        """Whether codes and notes of reasons are shown (product.md section 10, "Reasons")."""
        return self.allows(Scope.WRITE)


@dataclass(frozen=True, slots=True)
class Staff:
    """A caller with an API key of a practice. `origin` is the caller's network address."""

    practice_id: UUID
    key_id: UUID
    key_name: str
    scope: Scope
    origin: str | None = None

    @property
    def actor(self) -> Actor:
        """Return the actor that the audit log names."""
        return Actor("practice", self.key_name, self.key_id, self.origin)


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """An API key without its secret."""

    id: UUID
    name: str
    scope: Scope
    created_at: datetime
    revoked_at: datetime | None


async def find_staff(db: Source, text: str, needed: Scope, *, origin: str | None) -> Staff:
    """Authenticate a caller by the text of an API key.

    Raises:
        ApiKeyRefusedError: the key is malformed, unknown, or revoked.
        ForbiddenError: its scope does not include `needed`, or its practice is closed.
    """
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise ApiKeyRefusedError
    practice_id, key_id, secret = UUID(match[1]), UUID(match[2]), match[3]
    row = await KEY.one(db, {"practice_id": practice_id, "key_id": key_id})
    is_right = hmac.compare_digest(_hash(secret), _NO_HASH if row is None else row["secret_hash"])
    if row is None or not is_right or row["revoked_at"] is not None:
        raise ApiKeyRefusedError
    _check_open(row["closed_at"])
    staff = Staff(practice_id, key_id, row["name"], Scope(row["scope"]), origin)
    if not staff.scope.allows(needed):
        raise ForbiddenError("forbidden.scope", scope=staff.scope, needed=needed)
    return staff


async def confirm_staff(db: AsyncConnection, staff: Staff) -> None:
    """Check again that the key is not revoked and its practice is not closed.

    Raises:
        ApiKeyRefusedError: the key was revoked.
        ForbiddenError: the practice was closed.
    """
    own = {"practice_id": staff.practice_id, "key_id": staff.key_id}
    row = await UNREVOKED_KEY.one(db, own)
    if row is None:
        raise ApiKeyRefusedError
    _check_open(row["closed_at"])


def _check_open(closed_at: datetime | None) -> None:
    if closed_at is not None:
        raise ForbiddenError("forbidden.practice-closed")


async def create_key(
    db: AsyncConnection, practice_id: UUID, name: str, scope: Scope, *, actor: Actor, now: datetime
) -> tuple[KeyRecord, str]:
    """Create a key. Return it with its text, which cannot be read again later."""
    key_id, secret = uuid4(), secrets.token_urlsafe(32)
    await add_key(
        db,
        practice_id,
        {
            "id": key_id,
            "name": name,
            "scope": scope,
            "secret_hash": _hash(secret),
            "created_at": now,
        },
    )
    await _record(db, practice_id, key_id, "created", actor, now, name=name, scope=scope)
    return KeyRecord(key_id, name, scope, now, None), f"rk_{practice_id.hex}{key_id.hex}_{secret}"


async def list_keys(db: AsyncConnection, practice_id: UUID) -> list[KeyRecord]:
    """List a practice's keys, including revoked ones, oldest first."""
    return [_record_of(*row) for row in await read_keys(db, practice_id)]


async def revoke_key(
    db: AsyncConnection, practice_id: UUID, key_id: UUID, *, actor: Actor, now: datetime
) -> KeyRecord:
    """Revoke a key with immediate effect. Revoking it again changes nothing.

    Raises:
        NotFoundError: the practice has no such key.
    """
    row = await lock_key(db, practice_id, key_id)
    if row is None:
        raise NotFoundError
    if row.revoked_at is not None:
        return _record_of(*row)
    await write_revoked(db, practice_id, key_id, now)
    await _record(db, practice_id, key_id, "revoked", actor, now, name=row.name, scope=row.scope)
    return _record_of(row.id, row.name, row.scope, row.created_at, now)


async def _record(
    db: AsyncConnection,
    practice_id: UUID,
    key_id: UUID,
    kind: str,
    actor: Actor,
    now: datetime,
    **details: str,
) -> None:
    await write_change(
        db,
        practice_id,
        actor,
        now,
        subject="api_key",
        subject_id=key_id,
        kind=kind,
        details=details,
    )


def _record_of(
    id_: UUID, name: str, scope: str, created_at: datetime, revoked_at: datetime | None
) -> KeyRecord:
    return KeyRecord(id_, name, Scope(scope), created_at, revoked_at)


def _hash(secret: str) -> bytes:
    # The secret has 256 random bits, so a slow password hash would add nothing.
    return hashlib.sha256(secret.encode()).digest()
