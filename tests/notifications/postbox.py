"""A real SMTP server that keeps the mails it receives."""

import asyncio
from asyncio import AbstractServer
from collections.abc import Awaitable, Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import cast

from aiosmtpd.smtp import SMTP, Envelope, Session

from app.mail.senders import Sender
from tests.patience import PATIENCE_SECONDS


class Postbox:
    """Listens on loopback.

    `refusal`, if set, is the reply to every recipient; `on_recipient` is called first.
    `sender_refusal` and `data_refusal` are the replies to MAIL and to the content; `on_content` is
    called before the reply to the content of a mail that was kept. `connections` counts the opened
    connections, `quits` those ended with QUIT.
    """

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.senders: list[str | None] = []
        self.refusal: str | None = None
        self.sender_refusal: str | None = None
        self.data_refusal: str | None = None
        self.connections = 0
        self.quits = 0
        self.on_recipient: Callable[[], Awaitable[None]] | None = None
        self.on_content: Callable[[], Awaitable[object]] | None = None
        self.port = 0
        self._arrival = asyncio.Condition()
        self._server: AbstractServer | None = None
        self._open: list[SMTP] = []

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def open(self) -> None:
        """Start to listen; after `close`, on the same port again."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._answer, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self.hang_up()
            await self._server.wait_closed()
            self._server = None

    def hang_up(self) -> None:
        """Close all connections without a reply."""
        for connection in self._open:
            if connection.transport is not None:
                cast("asyncio.Transport", connection.transport).abort()
        self._open.clear()

    def never_answer(self, sender: Sender) -> None:
        """Keep each mail and do not answer. The sender's limit ends as soon as a mail is kept."""

        async def hold() -> None:
            sender.limit_answers(0.0)
            sender.limit_answers(None)
            await asyncio.Event().wait()

        self.on_content = hold

    async def wait_for(self, count: int) -> None:
        """Wait until this many mails have arrived."""
        async with asyncio.timeout(PATIENCE_SECONDS), self._arrival:
            await self._arrival.wait_for(lambda: len(self.mails) >= count)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: object
    ) -> str:
        if self.sender_refusal is not None:
            return self.sender_refusal
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: object
    ) -> str:
        if self.on_recipient is not None:
            await self.on_recipient()
        if self.refusal is not None:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        if self.data_refusal is not None:
            return self.data_refusal
        content = envelope.content
        assert isinstance(content, bytes)
        async with self._arrival:
            self.recipients += envelope.rcpt_tos
            self.senders.append(envelope.mail_from)
            self.mails.append(message_from_bytes(content, policy=default))
            self._arrival.notify_all()
        if self.on_content is not None:
            await self.on_content()
        return "250 OK"

    async def handle_QUIT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, _envelope: Envelope
    ) -> str:
        self.quits += 1
        return "221 Bye"

    def _answer(self) -> SMTP:
        self.connections += 1
        loop = asyncio.get_running_loop()
        connection = SMTP(self, hostname="mail.test", enable_SMTPUTF8=True, loop=loop)
        self._open.append(connection)
        return connection
