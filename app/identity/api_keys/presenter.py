"""Presents API keys and the calling key."""

from datetime import UTC

from app.identity.api_keys.keys import KeyRecord, Staff
from app.identity.api_keys.schemas import CallingKey, CallingKeyView, KeyView, NewKeyView
from app.identity.presenter import present_practice
from app.identity.queries import PracticeRecord


def present_key(key: KeyRecord) -> KeyView:
    """Present a key without its secret."""
    return KeyView(**_fields(key))


def present_new_key(key: KeyRecord, secret: str) -> NewKeyView:
    """Present a new key with its secret: the only answer that contains it."""
    return NewKeyView(**_fields(key), secret=secret)


def present_caller(staff: Staff, practice: PracticeRecord) -> CallingKeyView:
    """Present the calling key and its practice."""
    return CallingKeyView(
        key=CallingKey(id=staff.key_id, name=staff.key_name, scope=staff.scope),
        practice=present_practice(practice),
    )


def _fields(key: KeyRecord) -> dict[str, object]:
    revoked_at = key.revoked_at
    return {
        "id": key.id,
        "name": key.name,
        "scope": key.scope,
        "created_at": key.created_at.astimezone(UTC),
        "revoked_at": None if revoked_at is None else revoked_at.astimezone(UTC),
    }
