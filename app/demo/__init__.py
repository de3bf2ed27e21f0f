"""Two made-up practices with data around today, to try everything on.

Nothing else of the application knows of this package. Sessions and fees come from the same commands
as everybody's; only the records of the practices are written directly, so that they have the same
ids in every demo.
"""

from uuid import NAMESPACE_URL, UUID, uuid5

MAIN_CLIENT = "ana@example.com"


def demo_id(name: str) -> UUID:
    """Give a record the same id in every demo."""
    return uuid5(NAMESPACE_URL, f"reslot-demo/{name}")
