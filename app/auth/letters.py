"""The mail with the sign-in links, in the client's language."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from app.auth.people import Person
from app.notices.clean import ascii_domain, mailbox, one_line
from app.settings import Settings

# As for notices: every mail server takes seven bits.
_POLICY = SMTP.clone(cte_type="7bit")
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(enabled_extensions=("html.j2",)),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Texts:
    """The words of one language. `sender` is the display name where there is no one practice."""

    language: str
    sender: str
    subject: str
    one: str
    several: str
    button: str
    limits: str
    ignore: str


_ENGLISH = Texts(
    language="en",
    sender="Sign-in",
    subject="Your sign-in link",
    one="With this link you sign in, without a password.",
    several="This address is known more than once. Choose where you want to sign in:",
    button="Sign in",
    limits="A link works once, within ten minutes.",
    ignore="If it was not you who asked for it, do nothing: nobody can sign in without this mail.",
)
_FRENCH = Texts(
    language="fr",
    sender="Connexion",
    subject="Votre lien de connexion",
    one="Ce lien vous permet de vous connecter, sans mot de passe.",
    several="Cette adresse est connue plusieurs fois. "
    "Choisissez où vous voulez vous connecter\u00a0:",
    button="Se connecter",
    limits="Un lien fonctionne une seule fois, pendant dix minutes.",
    ignore="Si vous n'avez rien demandé, ne faites rien\u00a0: "
    "personne ne peut se connecter sans cet e-mail.",
)
_GERMAN = Texts(
    language="de",
    sender="Anmeldung",
    subject="Ihr Link zum Anmelden",
    one="Mit diesem Link melden Sie sich an, ohne Passwort.",
    several="Diese Adresse ist mehrfach bekannt. Wählen Sie, wo Sie sich anmelden möchten:",
    button="Anmelden",
    limits="Ein Link funktioniert einmal, innerhalb von zehn Minuten.",
    ignore="Wenn Sie das nicht angefordert haben, müssen Sie nichts tun: "
    "Ohne diese E-Mail kann sich niemand anmelden.",
)
_SPANISH = Texts(
    language="es",
    sender="Acceso",
    subject="Su enlace de acceso",
    one="Con este enlace inicia sesión sin contraseña.",
    several="Esta dirección figura más de una vez. Elija dónde quiere iniciar sesión:",
    button="Iniciar sesión",
    limits="Cada enlace funciona una sola vez, durante diez minutos.",
    ignore="Si no lo ha pedido usted, no haga nada: sin este correo nadie puede iniciar sesión.",
)
TEXTS = {texts.language: texts for texts in (_ENGLISH, _FRENCH, _GERMAN, _SPANISH)}


@dataclass(frozen=True, slots=True)
class MailedPerson:
    """A client, and the address that signs him in."""

    person: Person
    url: str

    @property
    def label(self) -> str:
        """Tell whom the link signs in, and where."""
        return one_line(f"{self.person.practice_name}: {self.person.name}")


def make_sign_in_mail(
    request_id: UUID, people: list[MailedPerson], settings: Settings, now: datetime
) -> EmailMessage:
    """Render the mail, dated `now`, in the language of the first client.

    It goes to an address that the practice has written down, never to the one that was typed: the
    two can look the same and not be. Its Message-ID is always the same, so a second copy is known.

    Raises:
        UndeliverableError: the address is none.
    """
    first = people[0].person
    texts = texts_for(first.locale)
    practices = {found.person.practice_id for found in people}
    mail = EmailMessage(policy=_POLICY)
    sender = first.practice_name if len(practices) == 1 else texts.sender
    mail["From"] = mailbox(sender, settings.mail_from)
    mail["To"] = mailbox(first.name if len(people) == 1 else "", first.email)
    mail["Subject"] = texts.subject
    mail["Date"] = format_datetime(now)
    domain = ascii_domain(settings.mail_from.rpartition("@")[2])
    mail["Message-ID"] = f"<{request_id}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(_render("sign_in.txt.j2", texts, people), cte="quoted-printable")
    mail.add_alternative(
        _render("sign_in.html.j2", texts, people), subtype="html", cte="quoted-printable"
    )
    return mail


def texts_for(locale: str) -> Texts:
    """Choose the language of a BCP 47 tag; English where we do not speak it."""
    return TEXTS.get(re.split("[-_]", locale)[0].lower(), _ENGLISH)


def _render(template: str, texts: Texts, people: list[MailedPerson]) -> str:
    return _TEMPLATES.get_template(template).render(texts=texts, people=people)
