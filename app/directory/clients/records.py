"""Clients of a practice: which changes end a client's access, and when they get text messages."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Subject
from app.directory.clients.erased import ERASED_EMAIL
from app.directory.clients.repository import CLIENT_ROWS, ClientRepository
from app.directory.records import Records
from app.directory.repository import Record
from app.domain.errors import InvalidInputError
from app.identity.queries import check_not_erased
from app.standards.addresses import mailbox_key
from app.standards.phone_numbers import text_number
from app.tables.practices import Client


class _Clients(Records):
    audited_fields = frozenset({"texts", "texts_agreed_at"})

    def __init__(
        self, rows: ClientRepository, subject: Subject, *, needs_number: bool = True
    ) -> None:
        super().__init__(rows, subject)
        self._needs_number = needs_number

    def heeded(self, before: Record, values: Record) -> Record:
        """Leave out what would undo a STOP to which the client has not agreed since."""
        stopped_at = before["texts_stopped_at"]
        if stopped_at is None:
            return values
        agreed_at = values.get("texts_agreed_at", before["texts_agreed_at"])
        if agreed_at is not None and agreed_at > stopped_at:
            return values
        is_off = values.get("texts", "off") == "off"
        left_out = _STOP if is_off else (*_TEXTS, *_STOP)
        return {name: value for name, value in values.items() if name not in left_out}

    async def check(
        self,
        db: AsyncConnection,
        practice_id: UUID,
        before: Record | None,
        changed: Record,
    ) -> None:
        """Check that the client was not erased, and is not made an erased one.

        Raises:
            ClientErasedError: they were.
            InvalidInputError: they would be.
        """
        if before is None:
            return
        await check_not_erased(db, practice_id, before["id"])
        if changed.get("email") == ERASED_EMAIL:
            raise InvalidInputError("/email", "field.not-erased")

    def columns(self, before: Record | None, changed: Record, now: datetime) -> dict[str, Any]:
        """Revoke tokens if the client is deactivated; tokens and links if the address changes.

        Another spelling of the same mailbox is not a change (`mailbox_key`).

        Raises:
            InvalidInputError: the client cannot get the text messages.
        """
        columns = super().columns(before, changed, now)
        columns |= _texts_columns(before, changed, now, needs_number=self._needs_number)
        if before is None:
            erased_at = now if changed["email"] == ERASED_EMAIL else None
            new = {"token_generation": 0, "address_generation": 0, "erased_at": erased_at}
            return columns | new
        address = changed.get("email", before["email"])
        has_moved = mailbox_key(address) != mailbox_key(before["email"])
        if has_moved:
            columns["address_generation"] = Client.address_generation + 1
        if has_moved or changed.get("active") is False:
            columns["token_generation"] = Client.token_generation + 1
            columns["tokens_ended_at"] = now
        return columns


_TEXTS = ("texts", "texts_agreed_at")
_STOP = ("texts_stopped", "texts_stopped_at")
_NO_TEXTS = {"texts": "off", "phone": None, **dict.fromkeys(("texts_agreed_at", *_STOP))}


def _texts_columns(
    before: Record | None, changed: Record, now: datetime, *, needs_number: bool
) -> dict[str, Any]:
    """Return the columns that follow from the fields of text messages and from the telephone.

    A change of the telephone alone is never refused: text messages then go to the new number, or
    nowhere. What the practice says of `texts` takes the place of a STOP. `texts_number` is among
    the columns only if it changes, because its change ends short links.

    Raises:
        InvalidInputError: `texts` is not off, and the telephone cannot get them, or the client has
            not agreed.
    """
    if not changed.keys() & {*_TEXTS, *_STOP, "phone"}:
        return {}
    after = {**_NO_TEXTS, **(before or {}), **changed}
    is_on, number = after["texts"] != "off", text_number(after["phone"])
    if needs_number and is_on and "texts" in changed and number is None:
        raise InvalidInputError("/phone", "field.mobile-number")
    agreed_at = after["texts_agreed_at"]
    if (is_on and agreed_at is None) or (agreed_at is not None and agreed_at > now):
        raise InvalidInputError("/texts_agreed_at", "field.agreed-to-texts")
    stop: dict[str, Any] = {}
    if is_on or ("texts" in changed and "texts_stopped_at" not in changed):
        stop = dict.fromkeys(_STOP)
    elif after["texts_stopped_at"] is None:
        stop = {"texts_stopped": None}
    stopped_at = {**after, **stop}["texts_stopped_at"]
    number = number if is_on or stopped_at is not None else None
    if before is not None and before["texts_number"] == number:
        return stop
    return {**stop, "texts_number": number}


CLIENTS = _Clients(CLIENT_ROWS, "client")
# For the import in bulk: the telephone may have changed after the client had agreed.
IMPORTED_CLIENTS = _Clients(CLIENT_ROWS, "client", needs_number=False)
