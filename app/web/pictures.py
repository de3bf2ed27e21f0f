"""The addresses at which pictures are served."""

from uuid import UUID

PICTURES = "/v1/pictures"


def picture_path(practice_id: UUID, name: str) -> str:
    """Return the path of a picture below the API's origin.

    The name contains the hash of the content, so what is at a path never changes.
    """
    return f"{PICTURES}/{practice_id}/{name}"


def picture_path_if_any(practice_id: UUID, name: str | None) -> str | None:
    """Return the path of a picture; None if there is none."""
    return None if name is None else picture_path(practice_id, name)
