"""Marker words for every text column, and the search for them in all output of the service."""

import base64
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from sqlalchemy import ARRAY, Column, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncEngine

from app.tables.all import metadata

# Columns of fixed words, codes and hashes: no user can type text into them.
OF_CODES = {
    "status", "kind", "format", "old_format", "currency", "credit", "recipient", "subject", "actor",
    "reason_code", "etag", "time_zone", "policy_time_zone", "locale", "secret_hash", "fingerprint",
    "address_hash", "rules", "details", "events", "last_error", "pushed", "undo",
    "frozen_deadlines", "judgement",
    "api_keys.scope", "idempotency_keys.scope", "idempotency_keys.language",
    "idempotency_keys.body", "idempotency_keys.key",
    "held_times.held_by", "services.waitlist", "wishes.state", "wishes.formats", "offers.state",
    "refills.state", "refused_attempts.action", "refused_attempts.code", "waivers.state",
    "move_requests.meanwhile", "move_request_sessions.state", "move_request_sessions.proposals",
    "allowance_uses.given_back_by", "accent", "logo", "photo", "pictures.name", "pictures.content",
    "pictures.small", "feeds.names", "sign_in_providers.match",
    "channel", "texts", "texts_stopped", "text_details", "short_links.code_hash",
    # Created by the service; the drill searches for it unchanged.
    "webhook_endpoints.secret",
}  # fmt: skip
# Only one row of a table has the reference, and only imported rows have a source.
_WHERE_SET = {"external_ref", "source", "label"}
_BASE64_GROUP = 3


def is_text(column: Column[object]) -> bool:
    """Tell whether a column can hold text."""
    kind = column.type
    is_list = isinstance(kind, ARRAY) and isinstance(kind.item_type, Text)
    return is_list or isinstance(kind, Text | JSONB | LargeBinary)


def columns() -> dict[str, str]:
    """Return a word for each column that users can write text into, by `table.column`."""
    return {
        f"{table.name}.{column.name}": f"qz{table.name}{column.name}qz".replace("_", "")
        for table in metadata.sorted_tables
        for column in table.c
        if is_text(column) and not {column.name, f"{table.name}.{column.name}"} & OF_CODES
    }


def spelt(name: str, word: str, receiver: str) -> str:
    """Format a word so that the column accepts it."""
    column = name.partition(".")[2]
    if column in {"email", "address"} and name != "locations.address":
        return f"{word}@client.example"
    if name == "webhook_endpoints.url":
        return f"{receiver}&{word}"
    if column in {"video_url", "join_url"}:
        return f"https://video.example/{word}"
    return word


async def plant(owner: AsyncEngine, receiver: str) -> None:
    """Write each word into its column in all rows; in some columns, only where a value exists."""
    async with owner.begin() as db:
        for name, word in columns().items():
            table, _, column = name.partition(".")
            where = f" WHERE {column} IS NOT NULL" if column in _WHERE_SET else ""
            statement = f"UPDATE {table} SET {column} = :value{where}"  # noqa: S608 - our own names
            await db.execute(text(statement), {"value": spelt(name, word, receiver)})


async def dump(engine: AsyncEngine, tables: Iterable[str]) -> dict[str, str]:
    """Read whole tables, with bytes decoded as text."""
    found = {}
    async with engine.connect() as db:
        for name in tables:
            rows = await db.exec_driver_sql(f"SELECT * FROM {name}")  # noqa: S608 - our own names
            found[name] = "\n".join(_written(value) for row in rows for value in row)
    return found


def _written(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def found_in(words: Mapping[str, str], haystack: str) -> set[str]:
    """Name the words in a text: in any case, percent-encoded, in hex, or in base64."""
    plain = haystack.lower()
    decoded = unquote(plain)
    return {
        name
        for name, word in words.items()
        if word.lower() in plain
        or word.lower() in decoded
        or word.encode().hex() in plain
        or any(part in haystack for part in _in_base64(word.encode()))
    }


def _in_base64(word: bytes) -> Iterable[str]:
    """Give the part of a word's base64 that does not depend on the word's position."""
    for before in range(_BASE64_GROUP):
        encoded = base64.b64encode(b"\0" * before + word).decode()
        first = -(-before * 8 // 6)
        last = (before + len(word)) * 8 // 6
        yield encoded[first:last]
