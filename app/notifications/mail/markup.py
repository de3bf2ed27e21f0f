"""Writes sessions as schema.org reservations, which mail programs show beside a mail.

Source: schema.org, EventReservation, as JSON-LD.
"""

import json
from collections.abc import Iterable
from typing import Any

from app.domain.session import Format
from app.mail.sanitize import one_line, web_address
from app.notifications.mail.data import MailData, Meeting
from app.notifications.mail.facts import meeting_of

# No text of a mail may end the script or begin a comment.
_ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


def reservations(sessions: Iterable[tuple[MailData, str]]) -> str:
    """Write sessions with their links as the content of a script of type JSON-LD."""
    written = json.dumps([_reservation(one, link) for one, link in sessions])
    for character, escaped in _ESCAPED.items():
        written = written.replace(character, escaped)
    return written


def _reservation(data: MailData, link: str) -> dict[str, Any]:
    meeting, state = meeting_of(data), "Cancelled" if data.is_cancellation else "Confirmed"
    zone = data.client.zone
    return {
        "@context": "https://schema.org",
        "@type": "EventReservation",
        "reservationNumber": str(data.session_id),
        "reservationStatus": f"https://schema.org/Reservation{state}",
        "modifyReservationUrl": link,
        "underName": {"@type": "Person", "name": one_line(data.client.name)},
        "provider": {"@type": "Organization", "name": one_line(data.practice_name)},
        "reservationFor": {
            "@type": "Event",
            "name": one_line(f"{data.service_name}, {data.practice_name}"),
            "startDate": meeting.starts_at.astimezone(zone).isoformat(),
            "endDate": meeting.ends_at.astimezone(zone).isoformat(),
            "performer": {"@type": "Person", "name": one_line(data.practitioner.name)},
            **_place(meeting),
        },
    }


def _place(meeting: Meeting) -> dict[str, Any]:
    if meeting.location is not None:
        name, address = map(one_line, meeting.location)
        return {"location": {"@type": "Place", "name": name, "address": address}}
    url = web_address(meeting.join_url) if meeting.format is Format.VIDEO else None
    return {} if url is None else {"location": {"@type": "VirtualLocation", "url": url}}
