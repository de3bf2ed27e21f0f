"""The mail with sign-in links, in the client's language."""

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

from app.configuration.settings import Settings
from app.identity.sign_in.find_clients import FoundClient
from app.mail.brand import Brand, Look
from app.mail.headers import add_technical_headers
from app.mail.sanitize import mailbox, one_line
from app.mail.templates import new_mail, templates_in
from app.mail.texts.formatter import texts_in

_TEMPLATES = templates_in(Path(__file__).parent / "templates")


@dataclass(frozen=True, slots=True)
class MailedClient:
    """A client and the URL that signs them in."""

    person: FoundClient
    url: str

    @property
    def label(self) -> str:
        """Return the practice and the client whom the link signs in, as one line."""
        return one_line(f"{self.person.practice_name}: {self.person.name}")


def make_sign_in_mail(
    request_id: UUID,
    people: list[MailedClient],
    look: Look | None,
    settings: Settings,
    now: datetime,
) -> EmailMessage:
    """Build the mail, dated `now`, in the language of the first client.

    `look` is that of the practice; None if the links are of several practices. The mail is sent to
    the address in the practice's records, never to the typed one: two addresses can
    look the same and be different mailboxes. The Message-ID depends on the request only.

    Raises:
        UndeliverableError: the recorded address is not a valid email address.
    """
    first = people[0].person
    texts = texts_in(first.locale)
    brand, sender = Brand(texts("sign-in.sender")), texts("sign-in.sender")
    if look is not None:
        brand, sender = look.brand(first.practice_name), look.sender(first.practice_name)
    text, html = (
        _TEMPLATES.get_template(name).render(texts=texts, people=people, brand=brand)
        for name in ("sign_in.txt.j2", "sign_in.html.j2")
    )
    mail = new_mail(text, html, brand)
    mail["From"] = mailbox(sender, settings.mail_from)
    mail["To"] = mailbox(first.name if len(people) == 1 else "", first.email)
    mail["Subject"] = texts("sign-in.subject")
    add_technical_headers(mail, request_id, settings, now)
    return mail
