"""Two made-up practices with data around today, to try everything on.

Nothing else of the application knows of this package. It books and cancels through the same
commands as everybody; what staff cannot do through the API yet, it writes directly.
"""

from uuid import NAMESPACE_URL, UUID, uuid5

MAIN_CLIENT = "ana@example.com"


def demo_id(name: str) -> UUID:
    """Give a record the same id in every demo."""
    return uuid5(NAMESPACE_URL, f"reslot-demo/{name}")
