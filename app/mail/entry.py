"""What a calendar entry of a session says, in mails and in the file that the API gives."""

from collections.abc import Sequence

from app.domain.session import Format
from app.mail.sanitize import lines, one_line, web_address
from app.mail.texts.formatter import format_name
from app.texts.catalogue import Texts


def labelled(label: str, text: str, texts: Texts) -> str:
    """Write a label and its text in one line."""
    return f"{label}{texts('mail.colon')} {text}"


def entry_lines(
    kind: Format,
    location: Sequence[str] | None,
    join_url: str | None,
    instructions: str | None,
    texts: Texts,
) -> tuple[str, ...]:
    """Write format, place, how to join and the instructions, a line each.

    `location` is the name and the address of the place.
    """
    said = [
        ("mail.format", format_name(kind, texts)),
        ("mail.place", one_line(", ".join(location)) if location else None),
        ("mail.join", one_line(join_url) if join_url else None),
        ("mail.instructions", lines(instructions) if instructions else None),
    ]
    return tuple(labelled(texts(label), text, texts) for label, text in said if text is not None)


def entry_place(
    kind: Format, location: Sequence[str] | None, join_url: str | None, texts: Texts
) -> str:
    """Write in one line where a session takes place: location, URL, or format."""
    if location is not None:
        return one_line(", ".join(location))
    return web_address(join_url) or format_name(kind, texts)
