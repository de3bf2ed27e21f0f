"""What a mail shows of the practice that it comes from."""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from io import BytesIO

from PIL import Image

from app.mail.colours import DEFAULT_ACCENT, on_dark, on_light
from app.mail.sanitize import lines, one_line, web_address

# The logo's small picture is shown at half its size, so that it is sharp on dense screens.
_DENSITY = 2


@dataclass(frozen=True, slots=True)
class Logo:
    """A logo inside a mail: a PNG or JPEG, and its size as it is shown."""

    content: bytes
    subtype: str
    width: int
    height: int

    @property
    def cid(self) -> str:
        """Return its Content-ID, without brackets. Different logos have different ones."""
        return f"logo-{sha256(self.content).hexdigest()[:16]}@reslot"


@dataclass(frozen=True, slots=True)
class Brand:
    """Name, colours, logo and the end of the mail. `accent_in_dark` is for text on a dark page."""

    name: str
    accent: str = on_light(DEFAULT_ACCENT)
    accent_in_dark: str = on_dark(DEFAULT_ACCENT)
    logo: Logo | None = None
    website: str | None = None
    address: str | None = None
    footer: str | None = None


RESLOT = Brand("Reslot")


@dataclass(frozen=True, slots=True)
class Look:
    """What a practice has chosen for its mails. `logo` is its small picture."""

    sender_name: str | None = None
    accent: str | None = None
    logo: bytes | None = None
    website: str | None = None
    address: str | None = None
    footer: str | None = None

    def sender(self, practice_name: str) -> str:
        """Return the name from which mails come."""
        return self.sender_name or practice_name

    def brand(self, practice_name: str) -> Brand:
        """Return the brand of the practice's mails, with colours that can be read."""
        accent = self.accent or DEFAULT_ACCENT
        return Brand(
            name=one_line(practice_name),
            accent=on_light(accent),
            accent_in_dark=on_dark(accent),
            logo=None if self.logo is None else _logo(self.logo),
            website=web_address(self.website),
            address=None if self.address is None else lines(self.address),
            footer=None if self.footer is None else lines(self.footer),
        )


@lru_cache(maxsize=64)
def _logo(content: bytes) -> Logo:
    """Read type and size of a small picture, which we have encoded ourselves."""
    with Image.open(BytesIO(content), formats=("PNG", "JPEG")) as picture:
        width, height = (max(1, side // _DENSITY) for side in picture.size)
        return Logo(content, (picture.format or "").lower(), width, height)
