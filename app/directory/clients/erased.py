"""What stands in place of the data of clients who were erased."""

from collections.abc import Mapping
from typing import Any

ERASED_EMAIL = "erased@erased.invalid"
# What the record of every erased client says.
TOMBSTONE: Mapping[str, Any] = {
    "name": "(erased)",
    "email": ERASED_EMAIL,
    "phone": None,
    "time_zone": "UTC",
    "locale": "en",
    "texts": "off",
    "texts_agreed_at": None,
    "texts_stopped": None,
    "texts_stopped_at": None,
    "active": False,
}
