"""The file `.env`: find lines that set nothing, and names that are almost a setting's."""

from collections.abc import Collection
from itertools import takewhile
from pathlib import Path

from dotenv.parser import Binding, parse_stream

FILE = Path(".env")
# Without `-sig`, the byte order mark of some editors would become part of the first name.
ENCODING = "utf-8-sig"
_PREFIX = "RESLOT_"


def find_mistake(known: Collection[str]) -> str | None:
    """Describe the first mistake in the file in one sentence, or return None.

    Names of other software are allowed: DATABASE_USER and SMTP_PORT are common there.

    Args:
        known: the names of our settings, in capitals.
    """
    if not FILE.is_file():
        return None
    try:
        with FILE.open(encoding=ENCODING) as file:
            bindings = list(parse_stream(file))
    except OSError as error:
        return f"The file {FILE}: cannot be read ({error.strerror})"
    except UnicodeDecodeError:
        return f"The file {FILE}: must be text in UTF-8"
    return next((mistake for line in bindings if (mistake := _mistake(line, known))), None)


def _mistake(line: Binding, known: Collection[str]) -> str | None:
    name = (line.key or "").upper()
    if line.error or (name and line.value is None):
        return f"Line {_number(line)} of {FILE}: must be like NAME=VALUE"
    if not name or name in known:
        return None
    plain = name.removeprefix(_PREFIX)
    for meant in known:
        if plain == meant or _is_typing_mistake(plain, meant):
            return f"{line.key} in {FILE}: must be the name of a setting; {meant} is similar"
    return None


def _number(line: Binding) -> int:
    """Return the number of a line. dotenv counts the empty lines above it as part of it."""
    text = line.original.string
    return line.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def _is_typing_mistake(name: str, meant: str) -> bool:
    """Return whether one character is missing, added or different, or two are swapped."""
    start = _same_start(name, meant)
    name, meant = name[start:][::-1], meant[start:][::-1]
    end = _same_start(name, meant)
    name, meant = name[end:], meant[end:]
    longest = max(len(name), len(meant))
    return longest == 1 or (longest == len("ab") and name == meant[::-1])


def _same_start(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
