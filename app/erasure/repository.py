"""Erase what is held of a client, in the caller's transaction."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    LargeBinary,
    bindparam,
    delete,
    exists,
    func,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.directory.clients.erased import TOMBSTONE
from app.erasure.queries import is_change_of, is_notification_of
from app.erasure.records import HeldIds
from app.identity.short_links.repository import delete_links_of_client
from app.identity.tokens.access import scope_of_client, scope_of_link
from app.tables.changes import Change, ChangeNote
from app.tables.feeds import Feed
from app.tables.held_times import HeldTime
from app.tables.idempotency import IdempotencyKey
from app.tables.identity import SignIn, SignInFamily, SignInRequest
from app.tables.joins import of_practice
from app.tables.move_requests import MoveRequest, MoveRequestSession
from app.tables.notifications import Notification
from app.tables.practices import Client, Package
from app.tables.sessions import Session


class ErasureRepository:
    """Erases what is held of one client, whom the caller has locked with all their sessions."""

    def __init__(self, db: AsyncConnection, practice_id: UUID, held: HeldIds) -> None:
        self._db = db
        self._practice_id = practice_id
        self._held = held

    def _own(self, table: Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:  # noqa: ANN401 - a table
        return of_practice(self._practice_id, table, *conditions)

    async def erase_traces(self, address: str) -> None:
        """Erase what the client and others have left: notes, origins, access, stored answers."""
        await self._erase_notes()
        await self._erase_packages()
        await self._erase_access(address)
        await self._erase_answers()

    async def erase_records(self, now: datetime) -> None:
        """Erase who the client is from their record, sessions, notifications and packages."""
        await self._erase_sessions()
        await self._erase_client(now)

    async def drop_notifications(self, now: datetime) -> None:
        """Drop the mails and events about the client that wait.

        One that a worker is sending is left alone: its row is locked, and a mail server may take
        minutes. If that attempt fails, the next one finds that the client is erased.
        """
        await self._change_notifications(
            Notification.status == "pending", status="dropped", finished_at=now
        )

    async def _change_notifications(self, condition: ColumnElement[bool], **values: Any) -> None:  # noqa: ANN401 - columns
        """Change columns of the client's notifications, but of one that a worker is sending."""
        about_client = is_notification_of(self._practice_id, self._held)
        free = (
            select(Notification.id)
            .where(self._own(Notification, condition, about_client))
            .with_for_update(skip_locked=True)
        )
        await self._db.execute(
            update(Notification)
            .where(self._own(Notification, Notification.id.in_(free)))
            .values(**values)
        )

    async def _erase_notes(self) -> None:
        """Delete notes and network addresses of all entries but that of an erasure.

        The note of a move request is erased if no other client was asked with it.
        """
        changes = select(Change.id).where(
            is_change_of(self._practice_id, self._held), Change.kind != "erased"
        )
        notes = delete(ChangeNote).where(self._own(ChangeNote, ChangeNote.change_id.in_(changes)))
        await self._db.execute(notes)
        # If the first statement has waited for the retention, only another one sees what that has
        # written again: of a note with an address, the part that it keeps.
        await self._db.execute(notes)
        of_client = MoveRequestSession.session_id.in_(self._held.sessions)
        asked = select(MoveRequestSession.move_request_id).where(
            self._own(MoveRequestSession, of_client)
        )
        asked_others = exists().where(
            self._own(
                MoveRequestSession,
                MoveRequestSession.move_request_id == MoveRequest.id,
                MoveRequestSession.session_id.not_in(self._held.sessions),
            )
        )
        await self._db.execute(
            update(MoveRequest)
            .where(self._own(MoveRequest, MoveRequest.id.in_(asked), ~asked_others))
            .values(note=None)
        )

    async def _erase_sessions(self) -> None:
        """Take references, how to join, and what could be undone from sessions; end their links."""
        await self._db.execute(
            update(Session)
            .where(self._own(Session, Session.client_id == self._held.client_id))
            .values(
                external_ref=None,
                join_url=None,
                instructions=None,
                pushed=None,
                undo=None,
                undo_until=None,
                link_generation=Session.link_generation + 1,
            )
        )
        # An error is a class and a code (app/outbox/errors.py), so it may stay while a worker sends
        # the mail again.
        await self._change_notifications(Notification.last_error.is_not(None), last_error=None)

    async def _erase_packages(self) -> None:
        """Replace the names of packages, and take their references."""
        await self._db.execute(
            update(Package)
            .where(self._own(Package, Package.client_id == self._held.client_id))
            .values(name=TOMBSTONE["name"], external_ref=None, active=False)
        )

    async def _erase_access(self, address: str) -> None:
        """Delete sign-ins, feeds, holds and short links, and requests for a sign-in link."""
        for table in (SignIn, SignInFamily, Feed, HeldTime):
            of_client = self._own(table, table.client_id == self._held.client_id)
            await self._db.execute(delete(table).where(of_client))
        await delete_links_of_client(self._db, self._practice_id, self._held.client_id)
        # A request belongs to no practice. Who asked it for another one asks again. One that a
        # worker is answering is deleted by that worker: afterwards nobody has the address.
        free = (
            select(SignInRequest.id)
            .where(func.lower(SignInRequest.address) == address.lower())
            .with_for_update(skip_locked=True)
        )
        await self._db.execute(delete(SignInRequest).where(SignInRequest.id.in_(free)))

    async def _erase_answers(self) -> None:
        """Delete the stored answers of the client's own calls, and others that mention them."""
        mine = [scope_of_client(self._held.client_id), *map(scope_of_link, self._held.sessions)]
        await self._db.execute(
            delete(IdempotencyKey).where(self._own(IdempotencyKey, IdempotencyKey.scope.in_(mine)))
        )
        patterns = bindparam(
            "patterns", [f"%{one}%".encode() for one in self._held.all], type_=ARRAY(LargeBinary)
        )
        mentions = IdempotencyKey.body.bool_op("LIKE")(func.any(patterns))
        await self._db.execute(delete(IdempotencyKey).where(self._own(IdempotencyKey, mentions)))

    async def _erase_client(self, now: datetime) -> None:
        """Replace the record by a tombstone, and end all tokens and links of the client."""
        await self._db.execute(
            update(Client)
            .where(self._own(Client, Client.id == self._held.client_id))
            .values(
                **TOMBSTONE,
                texts_number=None,
                external_ref=None,
                token_generation=Client.token_generation + 1,
                tokens_ended_at=now,
                address_generation=Client.address_generation + 1,
                erased_at=now,
            )
        )
