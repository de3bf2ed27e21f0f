"""Tables of those who may call: API keys of practices, and clients who sign in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base, Identified, of_a_practice, reference


class ApiKey(Identified, Base):
    """A key of a practice's software. Its secret is shown once; only its hash is kept."""

    __tablename__ = "api_keys"
    name: Mapped[str]
    scope: Mapped[str]
    secret_hash: Mapped[bytes]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    __table_args__ = (
        of_a_practice(),
        CheckConstraint("scope IN ('read', 'write', 'admin')", name="scope"),
    )


class SignInRequest(Base):
    """Somebody typed this address to sign in. Whose it is, and whether anybody's, is found later.

    It belongs to no practice: the address may be known at several, or at none. It is deleted as
    soon as it is answered. `attempt_at` is the instant of the next attempt, after `attempts` that
    failed.
    """

    __tablename__ = "sign_in_requests"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    address: Mapped[str]
    requested_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(server_default="0")
    attempt_at: Mapped[datetime]


class SignInCounter(Base):
    """How often an address, as a keyed hash, was typed since `since`. Belongs to no practice."""

    __tablename__ = "sign_in_counters"
    address_hash: Mapped[bytes] = mapped_column(primary_key=True)
    since: Mapped[datetime]
    count: Mapped[int]


class SignIn(Identified, Base):
    """A mailed sign-in link of one client, good for one use until `expires_at`."""

    __tablename__ = "sign_ins"
    client_id: Mapped[UUID]
    token_generation: Mapped[int]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    __table_args__ = (
        reference("client_id", "clients"),
        Index(None, "practice_id", "expires_at"),
    )


class SignInFamily(Identified, Base):
    """What follows from one sign-in: refresh tokens that replace each other, numbered from 1.

    `number` is the one that is good now; `rotated_at` is when it replaced the one before.
    """

    __tablename__ = "sign_in_families"
    client_id: Mapped[UUID]
    token_generation: Mapped[int]
    number: Mapped[int]
    rotated_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        reference("client_id", "clients"),
        CheckConstraint("number > 0", name="number"),
        Index(None, "practice_id", "client_id"),
        Index(None, "practice_id", "expires_at"),
    )
