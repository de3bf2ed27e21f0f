"""Times that are not free for a session of a preview, and what the alternatives cost."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from app.tables.sessions import Session
from tests.api.series.conftest import Booked
from tests.series import preview
from tests.world import NOW, Api, World

# A Thursday, 10:00 in New York.
START = NOW + timedelta(days=3)
WEEK = timedelta(weeks=1)
DAY = timedelta(days=1)
ONE_FREE: dict[str, Any] = {
    "reschedule": {
        "fees": [{"deadline": {"before_minutes": 200_000}, "percent": "50"}],
        "free_if_within": {"days": 0},
    },
    "allowance": {"free": 1, "per": "calendar_year", "for": ["reschedule"]},
}


async def test_the_former_time_of_a_session_may_be_somebody_elses_now(
    api: Api, world: World, book_series: Booked
) -> None:
    await world.add_policy({"rebook": {"days": 30, "fee": "stands"}})
    ids = await book_series(START, 2)
    assert (await api.cancel(UUID(ids[0]))).status_code == 200
    await world.book(START, client_id=await world.add_client(email="bo@client.example"))
    for start in (START, START + timedelta(minutes=30)):
        shown = await preview(
            api, ids[0], action="reschedule", scope="this", start=start.isoformat()
        )
        assert [one["session_id"] for one in shown["conflicts"]] == [ids[0]]
        refused = await api.reschedule(UUID(ids[0]), start)
        assert refused.json()["code"] == "slot-unavailable"


async def test_alternatives_claim_no_free_change_that_another_session_uses(
    api: Api, world: World, book_series: Booked
) -> None:
    await world.add_policy(ONE_FREE)
    ids = await book_series(START, 2)
    await world.change(Session, UUID(ids[0]), price_minor=20_000)
    other = await world.add_client(email="bo@client.example")
    for start in (START + DAY, START + WEEK + DAY):
        await world.book(start, client_id=other)
    shown = await preview(api, ids[0], action="reschedule", start=(START + DAY).isoformat())
    uses = [one["decision"]["allowance"]["would_use"] for one in shown["sessions"]]
    assert uses == [True, False]
    refused = await api.reschedule(
        UUID(ids[0]), START + DAY, quote=shown["quote"], scope="this_and_following"
    )
    assert refused.json()["code"] == "scope-conflicts", refused.text
    for conflicts in (shown["conflicts"], refused.json()["conflicts"]):
        first, second = (one["alternatives"][0] for one in conflicts)
        assert (first["fee"], first["uses_allowance"]) == (None, True)
        assert (second["fee"]["amount_minor"], "uses_allowance" in second) == (6000, False)
