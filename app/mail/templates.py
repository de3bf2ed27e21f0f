"""Settings for rendering mails: their templates and their encoding."""

from email.policy import SMTP
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

# Every mail server accepts 7-bit mails, and the demo's mail files stay readable.
MAIL_POLICY = SMTP.clone(cte_type="7bit")


def templates_in(folder: Path) -> Environment:
    """Load the templates of a folder. A value that a template lacks is an error."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
