"""Rendering mails: their templates, their encoding, and the logo inside."""

from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from app.mail.brand import Brand

# Every mail server accepts 7-bit mails, and the demo's mail files stay readable.
_SHELL = Path(__file__).parent / "templates"
MAIL_POLICY = SMTP.clone(cte_type="7bit")


def templates_in(folder: Path) -> Environment:
    """Load the templates of a folder, and the shell that they extend.

    A value that a template lacks is an error.
    """
    return Environment(
        loader=FileSystemLoader((folder, _SHELL)),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def new_mail(text: str, html: str, brand: Brand) -> EmailMessage:
    """Make a mail of its text and its HTML, without headers. The HTML has the logo with it.

    The logo is a part of the mail: pictures of other hosts are blocked until the reader allows
    them, and tell the host who reads.
    """
    mail = EmailMessage(policy=MAIL_POLICY)
    mail.set_content(text, cte="quoted-printable")
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    if brand.logo is not None:
        *_, part = mail.iter_parts()
        part.add_related(
            brand.logo.content,
            maintype="image",
            subtype=brand.logo.subtype,
            cid=f"<{brand.logo.cid}>",
            disposition="inline",
            filename=f"logo.{brand.logo.subtype}",
        )
    return mail
