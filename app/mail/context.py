"""The dependencies of sending mails."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from app.clock import Clock
from app.configuration.settings import Settings
from app.mail.senders import Sender


@dataclass(frozen=True, slots=True)
class MailContext:
    """Database, sender, settings and clock for sending mails."""

    engine: AsyncEngine
    sender: Sender
    settings: Settings
    clock: Clock
