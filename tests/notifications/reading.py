"""Parse a mail as a mail program does."""

from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import escape
from typing import Any

from icalendar import Calendar, Event

from app.configuration.settings import Settings
from app.notifications.mail.data import MailData
from app.notifications.mail.message import make_mail
from tests.world import NOW


class Read:
    """A received mail."""

    def __init__(self, data: MailData, settings: Settings, now: datetime = NOW) -> None:
        sent = make_mail(data, settings, now).as_bytes()
        self.mail: EmailMessage = message_from_bytes(sent, policy=default)
        assert not self.mail.defects
        self.alternatives, *self.attached = self._outer()
        assert self.alternatives.get_content_type() == "multipart/alternative"
        self.parts = [part.get_content_type() for part in self.alternatives.iter_parts()]
        self.text = self._part("plain")
        self.html = self._part("html")
        # Python folds a long line after a space, and begins the next one with another.
        self.subject = str(self.mail["Subject"]).replace("  ", " ")

    def _outer(self) -> list[Any]:
        """The alternatives, and the attached files."""
        if self.mail.get_content_type() == "multipart/mixed":
            return list(self.mail.iter_parts())
        return [self.mail]

    def _part(self, kind: str) -> str:
        part = self.mail.get_body(preferencelist=(kind,))
        assert part is not None
        return str(part.get_content()).replace("\r\n", "\n")

    @property
    def calendar(self) -> tuple[str, Event]:
        """The method and the entry of the calendar part."""
        *_, part = self.alternatives.iter_parts()
        assert part.get_content_type() == "text/calendar"
        assert self.attached[0].get_content() == part.get_content()
        calendar = Calendar.from_ical(part.get_content())
        assert part.get_param("method") == calendar["METHOD"]
        (event,) = calendar.events
        return str(calendar["METHOD"]), event

    @property
    def links(self) -> list[tuple[str, str]]:
        """The label and the fragment of each link, the same in the text and the HTML."""
        lines = self.text.splitlines()
        found = [at for at, line in enumerate(lines) if "/portal/#" in line]
        for at in found:
            assert f'href="{escape(lines[at])}"' in self.html
            assert f">{lines[at - 1]}</a>" in self.html
        return [(lines[at - 1], lines[at].partition("#")[2]) for at in found]

    @property
    def link(self) -> tuple[str, str]:
        """The label and the token of the first link. All links of a mail have the same token."""
        labels, fragments = zip(*self.links, strict=True)
        (token,) = {fragment.partition("&")[0] for fragment in fragments}
        return labels[0], token

    @property
    def token(self) -> str:
        """The token of the link with its English label."""
        caption, token = self.link
        assert caption in {"Need to reschedule?", "See what you can do now", "Choose another time"}
        return token
