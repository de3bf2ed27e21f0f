"""What sending a mail takes."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from app.clock import Clock
from app.configuration.settings import Settings
from app.mail.senders import Sender


@dataclass(frozen=True, slots=True)
class MailContext:
    """What sending a notification takes."""

    engine: AsyncEngine
    sender: Sender
    settings: Settings
    clock: Clock
