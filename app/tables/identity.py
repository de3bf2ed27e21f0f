"""Tables of API keys and of sign-ins."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base, Identified, PracticeRow, practice_reference, reference


class ApiKey(Identified, Base):
    """An API key of a practice. Its secret is shown once; only its hash is stored."""

    __tablename__ = "api_keys"
    name: Mapped[str]
    scope: Mapped[str]
    secret_hash: Mapped[bytes]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    __table_args__ = (
        practice_reference(),
        CheckConstraint("scope IN ('read', 'write', 'admin')", name="scope"),
    )


class SignInProvider(PracticeRow, Base):
    """A practice's own sign-in (OpenID Connect), whose access tokens its clients use.

    `match` says which field of a client the claim `client_claim` holds: `external_ref` or `email`.
    `own_links` false: this practice's clients get no sign-in links by mail.

    An issuer and audience belong to one practice in the whole installation. No constraint says so,
    because every key of a practice's table begins with `practice_id`: see
    app/identity/oidc/repository.py. There is a row for each practice at most, so no index either.
    """

    __tablename__ = "sign_in_providers"
    issuer: Mapped[str]
    audience: Mapped[str]
    client_claim: Mapped[str]
    match: Mapped[str]
    own_links: Mapped[bool]
    __table_args__ = (
        practice_reference(),
        CheckConstraint("match IN ('external_ref', 'email')", name="match"),
    )


class SignInRequest(Base):
    """A request for a sign-in link for an address. The worker finds out later whose address it is.

    It belongs to no practice: the address may be known at several practices, or at none. It is
    deleted when it is answered. `attempt_at` is the instant of the next attempt; `attempts` counts
    failed attempts.
    """

    __tablename__ = "sign_in_requests"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    address: Mapped[str]
    requested_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(server_default="0")
    attempt_at: Mapped[datetime]


class SignInCounter(Base):
    """Counts sign-in requests of an address (a keyed hash) since `since`. Has no practice."""

    __tablename__ = "sign_in_counters"
    address_hash: Mapped[bytes] = mapped_column(primary_key=True)
    since: Mapped[datetime]
    count: Mapped[int]


class SignIn(Identified, Base):
    """A sign-in link that was mailed to a client: valid for one use, until `expires_at`."""

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
    """The refresh tokens of one sign-in. Each replaces the previous one; they are numbered from 1.

    `number` is the number of the valid token. `rotated_at` is when it replaced the previous one.
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
