"""The demo: three fictitious practices with sessions around today.

No other package imports this one. Sessions and fees are made by the regular commands. Only the
records of the practices are inserted directly, so that they have the same ids in every demo.
"""

from uuid import NAMESPACE_URL, UUID, uuid5

MAIN_CLIENT = "ana@example.com"


def demo_id(name: str) -> UUID:
    """Return the id of a demo record, which is the same in every demo."""
    return uuid5(NAMESPACE_URL, f"reslot-demo/{name}")
