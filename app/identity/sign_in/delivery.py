"""Delivery of sign-in links: find the clients of an email address, and mail their links."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID, uuid5

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.transactions import allow_outside_wait, transact
from app.identity.sign_in.email import MailedClient, make_sign_in_mail
from app.identity.sign_in.find_clients import FoundClient, find_clients
from app.identity.sign_in.jobs import sign_in_wake
from app.identity.sign_in.repository import add_links, delete_request, lock_request, write_attempt
from app.identity.tokens.sign_in import MailedLink, SignInTokens, sign_in_url
from app.mail.brand import Look
from app.mail.context import MailContext
from app.mail.look_queries import read_look
from app.observability.metrics.counts import count_sign_in_mail
from app.observability.tracing.jobs import note_outcome
from app.outbox.claiming import CLOCK_TOLERANCE, LEFT_TO_OTHERS
from app.outbox.errors import UnansweredError, UndeliverableError, describe
from app.outbox.marking import wait_after
from app.outbox.queue import queue_wakes

LINK_LIFETIME = timedelta(minutes=10)
# A client does not wait longer for a link; they ask for another one.
GIVEN_UP_AFTER = timedelta(minutes=10)
# Longest wait between two attempts. A person is waiting, so it is short.
LONGEST_WAIT = timedelta(minutes=1)
# The wait if the mail may have arrived. With it there are three attempts at most of this kind.
RETRY_UNANSWERED = timedelta(minutes=4)

log = structlog.get_logger()


async def send_sign_in(context: MailContext, request_id: UUID) -> None:
    """Answer a due request with one mail that has a link for each client with the address.

    The mail is sent once, except in the two cases that app/notifications/delivery.py describes;
    the copy then has the same Message-ID and the same links. After ten minutes, or if the address
    refuses mail, the request is given up and logged. A failed attempt schedules the next one and
    raises nothing.
    """
    attempt = _Attempt(context, request_id)
    try:
        outcome = await attempt.make()
    except Exception as error:  # noqa: BLE001 - the log may contain the error's type only
        count_sign_in_mail("delayed")
        note_outcome("delayed", describe(error))
        log.warning("sign_in_delayed", error=describe(error), sign_in_request_id=str(request_id))
        return
    note_outcome(outcome)
    if outcome in LEFT_TO_OTHERS:
        return
    count_sign_in_mail(outcome)
    tell = log.warning if outcome == "given_up" else log.info
    tell("sign_in_answered", outcome=outcome, request_id=str(request_id))


@dataclass(slots=True)
class _Attempt:
    """One delivery attempt. It keeps outside the transaction whether the mail was accepted.

    `transact` may run it again after a rollback. A mail cannot be rolled back, so the second run
    writes the rows of the first one and sends no second mail.
    """

    context: MailContext
    request_id: UUID
    accepted: bool = field(default=False, init=False)

    async def make(self) -> str:
        """Make the attempt and return its outcome."""
        try:
            return await transact(self.context.engine, self.run)
        except UndeliverableError:
            await transact(self.context.engine, lambda db: delete_request(db, self.request_id))
            return "given_up"
        except Exception as error:
            if not self.accepted:
                put_off = partial(self.put_off, error=error, now=self.context.clock())
                await transact(self.context.engine, put_off)
                raise
            return await transact(self.context.engine, self.run)

    async def run(self, db: AsyncConnection) -> str:
        """Run in one transaction: the request is deleted exactly when its links become valid."""
        # After the mail was accepted the rows must be written, so wait for the lock.
        request = await lock_request(db, self.request_id, skip_locked=not self.accepted)
        if request is None:
            return "gone"
        now = self.context.clock()
        if not self.accepted and request.attempt_at > now + CLOCK_TOLERANCE:
            return "waiting"
        await delete_request(db, self.request_id)
        if not self.accepted and now - request.requested_at > GIVEN_UP_AFTER:
            return "given_up"
        people = await find_clients(db, request.address)
        if not people:
            return "nobody"
        links = [self._link(person) for person in people]
        if not self.accepted:
            look = await _look_of(db, people)
            await allow_outside_wait(db)
            await self._send(people, links, look, now)
            self.accepted = True
        # Last: their references lock the clients, who can be erased while the mail server is slow.
        await self._keep(db, people, links, now + LINK_LIFETIME)
        return "sent"

    async def put_off(self, db: AsyncConnection, *, error: Exception, now: datetime) -> None:
        """Record a failed attempt, and schedule the next one with a wake."""
        request = await lock_request(db, self.request_id, skip_locked=False)
        if request is None:
            return
        attempts = request.attempts + 1
        wait = min(wait_after(attempts), LONGEST_WAIT)
        again_at = now + (RETRY_UNANSWERED if isinstance(error, UnansweredError) else wait)
        await write_attempt(db, self.request_id, attempts, again_at)
        await queue_wakes(db, [sign_in_wake(self.request_id, again_at)], now)

    def _link(self, person: FoundClient) -> MailedLink:
        """Derive the link's id from the request: each attempt makes the same, valid link."""
        name = f"{person.practice_id}/{person.client_id}"
        return MailedLink(person.practice_id, uuid5(self.request_id, name))

    async def _keep(
        self,
        db: AsyncConnection,
        people: list[FoundClient],
        links: list[MailedLink],
        expires_at: datetime,
    ) -> None:
        rows = [
            {
                "practice_id": person.practice_id,
                "id": link.sign_in_id,
                "client_id": person.client_id,
                "token_generation": person.token_generation,
                "expires_at": expires_at,
            }
            for person, link in zip(people, links, strict=True)
        ]
        await add_links(db, rows)

    async def _send(
        self,
        people: list[FoundClient],
        links: list[MailedLink],
        look: Look | None,
        now: datetime,
    ) -> None:
        settings = self.context.settings
        tokens = SignInTokens(settings.keys)
        mailed = [
            MailedClient(person, sign_in_url(settings.portal_url, tokens.sign_link(link)))
            for person, link in zip(people, links, strict=True)
        ]
        mail = make_sign_in_mail(self.request_id, mailed, look, settings, now)
        await self.context.sender.send(mail)


async def _look_of(db: AsyncConnection, people: list[FoundClient]) -> Look | None:
    """Read the look of the practice; None if the clients are of several practices."""
    practices = {person.practice_id for person in people}
    return await read_look(db, practices.pop()) if len(practices) == 1 else None
