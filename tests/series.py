"""Series of sessions, for the tests."""

from datetime import datetime
from typing import Any

from tests.world import Api, World


async def preview(api: Api, session_id: str, **query: Any) -> Any:
    """Preview a command on a session and those that follow it; by default their cancellation."""
    asked: dict[str, Any] = {"action": "cancel"}
    answer = await api.get(f"/v1/sessions/{session_id}/scope", **asked | query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def book_series(
    staff: Api, world: World, start: datetime, count: int = 4, **values: Any
) -> list[str]:
    """Book a weekly series of the world's client, and give the ids of its sessions in order."""
    body = {
        "client_id": str(world.client_id),
        "practitioner_id": str(world.practitioner_id),
        "service_id": str(world.service_id),
        "start": start.isoformat(),
        "format": "video",
        "every": {"weeks": 1},
        "count": count,
    }
    answer = await staff.post("/v1/practice/series", body | values)
    assert answer.status_code == 201, answer.text
    return [date["session_id"] for date in answer.json()["dates"]]
