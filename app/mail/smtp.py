"""Sends mails over SMTP, on connections that are reused."""

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

from app.mail.answers import Answers
from app.mail.refusals import Stage, is_permanent_refusal
from app.outbox.errors import UnansweredError, UndeliverableError

# For each reply of the server, except the answer to the content (app/mail/answers.py).
TIMEOUT_SECONDS = 10
QUIT_TIMEOUT_SECONDS = 2.0
# Below the limits of common servers, which close idle connections after minutes and others after a
# number of mails.
IDLE_SECONDS = 20.0
MAX_MAILS_PER_CONNECTION = 50
SERVICE_CLOSING = SMTPStatus.domain_unavailable  # 421


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """The address and credentials of a mail server.

    `start_tls`: True requires STARTTLS, None uses it if the server offers it, False never does.
    """

    hostname: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    use_tls: bool = False
    start_tls: bool | None = None


class SmtpSender:
    """Sends each mail on an idle connection, or on a new one if none is idle.

    There are never more connections than mails that are sent at once.
    """

    def __init__(self, server: SmtpServer, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self.server = server
        self._idle_seconds = idle_seconds
        self._idle: dict[_Connection, asyncio.TimerHandle] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._answers = Answers()

    async def send(self, message: EmailMessage) -> None:
        """Send a mail.

        If the server has closed the idle connection, or accepts no further mail on it, the mail is
        sent on a new one, but only if the server cannot have accepted the mail already.

        Raises:
            UndeliverableError: the server refuses the recipient's address permanently.
            UnansweredError: the server did not answer to the content.
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

    def limit_answers(self, seconds: float | None) -> None:
        """Wait for the answer to a content so long at most; see `Answers.limit`."""
        self._answers.limit(seconds)

    async def close(self) -> None:
        """Close the idle connections."""
        for connection in list(self._idle):
            self._end(connection)
        await asyncio.gather(*self._closing)

    async def _connect(self, message: EmailMessage) -> "_Connection":
        server = self.server
        connection = _Connection(
            self._answers,
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
            # The state of the SMTP dialogue is unknown.
            connection.close()
            raise
        self._keep(connection)

    def _take(self) -> "_Connection | None":
        """Return the idle connection that was used last; None if there is none."""
        while self._idle:
            connection, expiry = self._idle.popitem()
            expiry.cancel()
            if connection.is_connected:
                return connection
            connection.close()
        return None

    def _keep(self, connection: "_Connection", *, closing: bool = False) -> None:
        """Keep a connection for the next mail until it expires or reaches its number of mails."""
        if not connection.is_connected:
            connection.close()
            return
        loop = asyncio.get_running_loop()
        self._idle[connection] = loop.call_later(self._idle_seconds, self._end, connection)
        if closing or connection.mails >= MAX_MAILS_PER_CONNECTION:
            self._end(connection)

    def _end(self, connection: "_Connection") -> None:
        """Close an idle connection with QUIT, in a task of its own."""
        self._idle.pop(connection).cancel()
        task = asyncio.create_task(connection.end())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


class _Connection(aiosmtplib.SMTP):
    """One connection. `has_content`: the server may have received the content of the mail."""

    def __init__(
        self,
        answers: Answers,
        **options: Any,  # noqa: ANN401 - passed to the library
    ) -> None:
        super().__init__(**options)
        self.mails = 0
        self.has_content = False
        self._answers = answers

    async def data(
        self,
        message: str | bytes,
        /,
        **options: Any,  # noqa: ANN401 - passed to the library
    ) -> SMTPResponse:
        """Send the content; from now on the server may accept the mail.

        Raises:
            UnansweredError: no answer came in time, or the connection was lost before it.
        """
        self.has_content = True
        try:
            async with self._answers.wait():
                return await super().data(message, **{**options, "timeout": None})
        except (ConnectionError, TimeoutError) as lost:
            raise UnansweredError from lost

    async def end(self) -> None:
        """Send QUIT if the server still listens, and close the connection."""
        with suppress(aiosmtplib.SMTPException, OSError):
            await self.quit(timeout=QUIT_TIMEOUT_SECONDS)
        self.close()


def _needs_new_connection(kept: _Connection, error: Exception) -> bool:
    """Return whether the reused connection, and not the mail, may be the cause of the error."""
    if _code(error) == SERVICE_CLOSING or isinstance(error, SMTPSenderRefused):
        return True
    return not kept.has_content and isinstance(error, ConnectionError | TimeoutError)


def _code(error: Exception) -> int | None:
    if isinstance(error, SMTPRecipientsRefused):
        return error.recipients[0].code
    return error.code if isinstance(error, SMTPResponseException) else None


def _error_for(stage: Stage, refused: SMTPResponseException) -> Exception:
    """Return the error to raise for a refusal: permanent or temporary."""
    if is_permanent_refusal(stage, refused.code, refused.message):
        return UndeliverableError(refused.code)
    return refused
