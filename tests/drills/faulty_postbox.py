"""A mail server that can be slow, refuse an address permanently, and drop connections."""

import asyncio
from collections import Counter
from typing import Literal, cast

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.notifications.postbox import Postbox

SLOW_SECONDS = 3.0

Fault = Literal["slow", "drops before", "drops after"]


class FaultyPostbox(Postbox):
    """Keeps accepted mails. `met` counts the mails that a fault affected.

    `refused` is an address that it refuses permanently. With "drops after" a mail is kept and its
    sender gets no reply: `unconfirmed` has its Message-ID.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fault: Fault | None = None
        self.refused: str | None = None
        self.met: Counter[str] = Counter()
        self.unconfirmed: set[str] = set()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: object
    ) -> str:
        if self.fault == "slow":
            self.met["slow"] += 1
            await asyncio.sleep(SLOW_SECONDS)
        if address == self.refused:
            self.met["refused"] += 1
            return "550 5.1.1 No such mailbox"
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.fault == "drops before":
            return self._drop(server)
        answer = await super().handle_DATA(server, session, envelope)
        if self.fault == "drops after":
            self.unconfirmed.add(self.mails[-1]["Message-ID"])
            return self._drop(server)
        return answer

    def _drop(self, server: SMTP) -> str:
        self.met[str(self.fault)] += 1
        cast("asyncio.Transport", server.transport).abort()
        return "250 OK"
