"""Presents calendar feeds."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from app.feeds.commands import MadeFeed
from app.feeds.records import FeedRecord
from app.feeds.schemas import (
    FeedPage,
    FeedView,
    NewFeedView,
    NewPractitionerFeedView,
    PractitionerFeedPage,
    PractitionerFeedView,
)
from app.feeds.tokens import FeedToken


def present_feeds(feeds: Sequence[FeedRecord]) -> FeedPage:
    """Present a client's feeds."""
    return FeedPage(items=[FeedView(**_fields(feed)) for feed in feeds], next_cursor=None)


def present_practitioner_feeds(feeds: Sequence[FeedRecord]) -> PractitionerFeedPage:
    """Present a practitioner's feeds."""
    shown = [PractitionerFeedView(**_for_staff(feed)) for feed in feeds]
    return PractitionerFeedPage(items=shown, next_cursor=None)


def present_new_feed(made: MadeFeed, public_url: str) -> NewFeedView:
    """Present a new feed with its address: the only answer that contains it."""
    return NewFeedView(**_fields(made.record), **_addresses(made.token, public_url))


def present_new_practitioner_feed(made: MadeFeed, public_url: str) -> NewPractitionerFeedView:
    """Present a new feed of a practitioner with its address."""
    return NewPractitionerFeedView(**_for_staff(made.record), **_addresses(made.token, public_url))


def _addresses(token: FeedToken, public_url: str) -> dict[str, str]:
    url = f"{public_url}/feeds/{token.text}.ics"
    return {"url": url, "webcal_url": f"webcal:{url.partition(':')[2]}"}


def _for_staff(feed: FeedRecord) -> dict[str, Any]:
    return _fields(feed) | {"names": feed.names, "label": feed.label}


def _fields(feed: FeedRecord) -> dict[str, Any]:
    return {
        "id": feed.id,
        "created_at": feed.created_at.astimezone(UTC),
        "last_read_at": _in_utc(feed.last_read_at),
    }


def _in_utc(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.astimezone(UTC)
