"""Request and response schemas of calendar feeds."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from app.feeds.records import Names
from app.web.json import Answer
from app.web.types import Name, RequestBody

_URL = (
    "https://reslot.example/feeds/9a4f0f631c7d4b558f0e3f3d0b6a7c943f0c7f2e8a1b4c6d9e3f0a1b2c3d4e5f"
    "Zr4kT9bnZr4kT9bnZr4kT9bnZr4kT9bnZr4kT9bnZr4.ics"
)
_READ = Annotated[
    datetime | None,
    Field(
        description="When a calendar program last read it, in UTC.",
        examples=["2026-11-25T10:15:00Z"],
    ),
]
_NOT_READ = Annotated[
    datetime | None,
    Field(description="Null: no calendar program has read it yet.", examples=[None]),
]


class NewPractitionerFeed(RequestBody):
    """A new feed of a practitioner."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"names": "initials", "label": "Maya's phone"}]}
    )
    names: Annotated[
        Names,
        Field(
            description="How the entries name clients: `none`, `initials` or `full`. Whoever has "
            "the address can read them."
        ),
    ]
    label: Annotated[Name, Field(description="What the feed is for, to tell it from the others.")]


class FeedView(Answer):
    """A feed of the client's sessions. Its address is not shown again."""

    id: UUID
    created_at: datetime
    last_read_at: _READ


class FeedPage(Answer):
    """All feeds on one page, oldest first; five at most."""

    items: list[FeedView]
    next_cursor: Annotated[str | None, Field(examples=[None])]


class PractitionerFeedView(FeedView):
    """A feed of a practitioner's sessions and groups. Its address is not shown again."""

    names: Annotated[
        Names, Field(description="How the entries name clients.", examples=["initials"])
    ]
    label: Annotated[str, Field(description="What it is for.", examples=["Maya's phone"])]


class PractitionerFeedPage(Answer):
    """All feeds on one page, oldest first; five at most."""

    items: list[PractitionerFeedView]
    next_cursor: Annotated[str | None, Field(examples=[None])]


class _Address(Answer):
    url: Annotated[
        str,
        Field(
            description="The address for a calendar program. It is shown only once, and whoever "
            "has it can read the feed.",
            examples=[_URL],
        ),
    ]
    webcal_url: Annotated[
        str,
        Field(
            description="The same with `webcal:`, which opens a calendar program.",
            examples=[_URL.replace("https:", "webcal:")],
        ),
    ]


class NewFeedView(FeedView, _Address):
    """A new feed with its address."""

    last_read_at: _NOT_READ


class NewPractitionerFeedView(PractitionerFeedView, _Address):
    """A new feed of a practitioner with its address."""

    last_read_at: _NOT_READ
