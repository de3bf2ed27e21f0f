"""Sending over SMTP, on connections that are kept for the next mail."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import aiosmtplib
from aiosmtplib import (
    SMTPDataError,
    SMTPRecipientsRefused,
    SMTPResponse,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPStatus,
)

from app.mail.refusals import Stage, is_permanent_refusal
from app.outbox.errors import UndeliverableError

TIMEOUT_SECONDS = 10
QUIT_TIMEOUT_SECONDS = 2.0
# Servers end idle connections after minutes, and long ones after a number of mails.
IDLE_SECONDS = 20.0
MAX_MAILS_PER_CONNECTION = 50
SERVICE_CLOSING = SMTPStatus.domain_unavailable  # 421


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """How to reach a mail server.

    `start_tls`: True insists on STARTTLS, None uses it where the server offers it.
    """

    hostname: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    use_tls: bool = False
    start_tls: bool | None = None


class SmtpSender:
    """Sends each mail on a connection of its own, an idle one where there is one.

    There are never more connections than mails that are sent at once.
    """

    def __init__(self, server: SmtpServer, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self.server = server
        self._idle_seconds = idle_seconds
        self._idle: dict[_Connection, asyncio.TimerHandle] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def send(self, message: EmailMessage) -> None:
        """Send a mail.

        Where the server has ended an idle connection, or takes no further mail on it, the mail goes
        on a new one. That is done only while the server cannot have accepted the mail.

        Raises:
            UndeliverableError: the server says that the recipient's address takes no mail.
        """
        kept = self._take()
        try:
            if kept is not None:
                try:
                    return await self._send_on(kept, message)
                except Exception as error:
                    if not _needs_new_connection(kept, error):
                        raise
            await self._send_on(await self._connect(message), message)
        except SMTPRecipientsRefused as refused:
            first = refused.recipients[0]
            raise _error_for("RCPT", first) from None
        except SMTPSenderRefused as refused:
            raise _error_for("MAIL", refused) from None
        except SMTPDataError as refused:
            raise _error_for("DATA", refused) from None

    async def close(self) -> None:
        """End the idle connections."""
        for connection in list(self._idle):
            self._end(connection)
        await asyncio.gather(*self._closing)

    async def _connect(self, message: EmailMessage) -> "_Connection":
        server = self.server
        connection = _Connection(
            hostname=server.hostname,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.use_tls,
            start_tls=server.start_tls,
            local_hostname=message["From"].addresses[0].domain,
            timeout=TIMEOUT_SECONDS,
        )
        try:
            await connection.connect()
        except BaseException:
            connection.close()
            raise
        return connection

    async def _send_on(self, connection: "_Connection", message: EmailMessage) -> None:
        connection.has_content = False
        connection.mails += 1
        try:
            await connection.send_message(message)
        except (SMTPResponseException, SMTPRecipientsRefused) as refused:
            if _code(refused) == SMTPStatus.invalid_response:
                connection.close()
            self._keep(connection, closing=_code(refused) == SERVICE_CLOSING)
            raise
        except BaseException:
            # Where the conversation stands is unknown.
            connection.close()
            raise
        self._keep(connection)

    def _take(self) -> "_Connection | None":
        """Take the idle connection that was used last."""
        while self._idle:
            connection, expiry = self._idle.popitem()
            expiry.cancel()
            if connection.is_connected:
                return connection
            connection.close()
        return None

    def _keep(self, connection: "_Connection", *, closing: bool = False) -> None:
        """Keep a connection for the next mail, for a while, unless it has served its time."""
        if not connection.is_connected:
            connection.close()
            return
        loop = asyncio.get_running_loop()
        self._idle[connection] = loop.call_later(self._idle_seconds, self._end, connection)
        if closing or connection.mails >= MAX_MAILS_PER_CONNECTION:
            self._end(connection)

    def _end(self, connection: "_Connection") -> None:
        """End an idle connection with QUIT, without making anybody wait for it."""
        self._idle.pop(connection).cancel()
        task = asyncio.create_task(connection.end())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


class _Connection(aiosmtplib.SMTP):
    """One connection. `has_content`: the server may have the mail that is being sent."""

    mails = 0
    has_content = False

    async def data(
        self,
        message: str | bytes,
        /,
        **options: Any,  # noqa: ANN401 - handed on to the library
    ) -> SMTPResponse:
        """Send the content, and remember that the server may accept it from now on."""
        self.has_content = True
        return await super().data(message, **options)

    async def end(self) -> None:
        """Say goodbye, where the server still listens."""
        with suppress(aiosmtplib.SMTPException, OSError):
            await self.quit(timeout=QUIT_TIMEOUT_SECONDS)
        self.close()


def _needs_new_connection(kept: _Connection, error: Exception) -> bool:
    """Tell whether a kept connection, and not the mail, may be what the server objects to."""
    if _code(error) == SERVICE_CLOSING or isinstance(error, SMTPSenderRefused):
        return True
    return not kept.has_content and isinstance(error, ConnectionError | TimeoutError)


def _code(error: Exception) -> int | None:
    if isinstance(error, SMTPRecipientsRefused):
        return error.recipients[0].code
    return error.code if isinstance(error, SMTPResponseException) else None


def _error_for(stage: Stage, refused: SMTPResponseException) -> Exception:
    """Give what a refusal means for the mail."""
    if is_permanent_refusal(stage, refused.code, refused.message):
        return UndeliverableError(refused.code)
    return refused
