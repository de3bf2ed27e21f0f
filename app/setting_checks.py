"""What makes the text of a setting a good one."""

from itertools import takewhile
from pathlib import Path
from urllib.parse import urlsplit


def is_web_address(url: str) -> bool:
    """Tell whether a URL names a host of the web, without a user: others get to see it."""
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        return is_web and "@" not in parts.netloc and not any(map(str.isspace, url))
    except ValueError:  # the port is no number, or none that there can be
        return False


def is_origin(url: str) -> bool:
    """Tell whether a URL is an origin: scheme, host and port, as browsers send it."""
    return is_web_address(url) and url.count("/") == len("//") and not set(url) & set("?#@")


def is_database(url: str) -> bool:
    """Tell whether a URL names a PostgreSQL database and a role. It may name several hosts."""
    try:
        parts = urlsplit(url)
        hosts = parts.netloc.rpartition("@")[2].split(",")
        # `port` reads it, and refuses what is none.
        ports = [urlsplit(f"//{host}").port for host in hosts]
    except ValueError:
        return False
    is_ours = parts.scheme in {"postgresql", "postgres", "postgresql+asyncpg"}
    return is_ours and bool(parts.username) and 0 not in ports


def nearest_folder(path: Path) -> Path:
    """Give what exists of an absolute path: itself, or the first of its parents that does."""
    return next(part for part in (path, *path.parents) if part.exists())


def is_typing_mistake(name: str, meant: str) -> bool:
    """Tell whether one character is missing, added or another one, or two are swapped."""
    start = _same_start(name, meant)
    name, meant = name[start:][::-1], meant[start:][::-1]
    end = _same_start(name, meant)
    name, meant = name[end:], meant[end:]
    longest = max(len(name), len(meant))
    return longest == 1 or (longest == len("ab") and name == meant[::-1])


def _same_start(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
