"""Delivers the mails: the worker's code renders them and writes them to the mail folder."""

import re
from functools import partial

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings
from app.database.transactions import transact
from app.identity.sign_in.delivery import send_sign_in
from app.identity.sign_in.request_link import ask_for_link, hash_address
from app.mail.context import MailContext
from app.mail.folder import MailSummary, list_mails, read_mail
from app.mail.senders import make_sender
from app.notifications.delivery import send_notification
from app.notifications.sms.delivery import TextContext, send_text
from app.sms.senders import make_text_sender
from app.tables.identity import SignInRequest
from app.tables.notifications import Notification
from tests.world import TestClock, World


class Postman:
    """Sends the client's pending mails and reads them."""

    def __init__(self, engine: AsyncEngine, site: Settings, world: World, clock: TestClock) -> None:
        self._office = MailContext(engine, make_sender(site), site, clock)
        self._world = world

    async def bring(self, kind: str) -> str:
        """Send the client's mail of a kind and return its text."""
        (notification,) = await self._world.rows(
            Notification, kind=kind, recipient="client", status="pending"
        )
        await send_notification(self._office, self._world.practice_id, notification.id)
        return self._latest()

    async def deliver(self) -> list[MailSummary]:
        """Send everything that is due, as the worker does; return the new mails, oldest first."""
        folder, now = self._office.settings.mail_folder, self._office.clock()
        known = {mail.path for mail in list_mails(folder)}
        pending = await self._world.rows(Notification, status="pending")
        for row in sorted(pending, key=lambda row: row.send_at):
            if row.recipient != "webhook" and row.attempt_at <= now:
                await send_notification(self._office, self._world.practice_id, row.id)
        return [mail for mail in reversed(list_mails(folder)) if mail.path not in known]

    async def text(self, kind: str) -> str:
        """Send the client's mail of a kind with its text message, and return the latter's text."""
        now = self._office.clock()
        await self.bring(kind)
        (row,) = await self._world.rows(
            Notification, kind=kind, channel="text", recipient="client", status="pending"
        )
        settings = self._office.settings
        sender = make_text_sender(settings, self._office.clock)
        texts = TextContext(self._office.engine, sender, settings, self._office.clock)
        assert row.attempt_at <= now
        assert await send_text(texts, self._world.practice_id, row.id) == "sent"
        found = [mail for mail in list_mails(settings.mail_folder) if mail.path.stem == str(row.id)]
        return read_mail(found[0].path)

    def sent(self) -> list[tuple[str, str]]:
        """List the recipient and the subject of every mail that was sent, oldest first."""
        mails = list_mails(self._office.settings.mail_folder)
        return [(mail.to, mail.subject) for mail in reversed(mails)]

    async def bring_sign_in(self) -> str:
        """Process the only pending sign-in request and return the text of the mail."""
        async with self._office.engine.connect() as db:
            (request_id,) = await db.scalars(select(SignInRequest.id))
        await send_sign_in(self._office, request_id)
        return self._latest()

    async def ask(self, address: str) -> None:
        """Request a sign-in link as the API does, without the form."""
        settings = self._office.settings
        hashed = hash_address(settings.keys, address)
        now = self._office.clock()
        command = partial(ask_for_link, address=address, address_hash=hashed, now=now)
        await transact(self._office.engine, command)

    def _latest(self) -> str:
        return read_mail(list_mails(self._office.settings.mail_folder)[0].path)


def link_in(mail: str) -> str:
    """Find the first link to the portal in the text of a mail."""
    return links_in(mail)[0]


def links_in(mail: str) -> list[str]:
    """List the links to the portal in the text of a mail. All of them carry the same token."""
    found: list[str] = re.findall(r"http\S+/portal/#\S+", mail)
    assert len({link.partition("&")[0] for link in found}) == 1
    return found
