"""How long a person waits on a slow network, throttled by the browser itself."""

from typing import Any

import pytest
from playwright.async_api import Browser, expect

from app.configuration.settings import Settings
from tests.patience import PATIENCE_SECONDS
from tests.portal.test_faults import START
from tests.portal.visitor import PATIENTLY, Visitor
from tests.world import World

# Slow 3G as browsers' tools have it: 400 ms for a round trip, 400 kbit/s.
ROUND_TRIP_SECONDS = 0.4
BYTES_PER_SECOND = 400_000 / 8
MOST_SECONDS = 4.0
MOST_BYTES = 140_000
# The connection, the page, its script, the link, the free times: each waits for the one before.
CHAIN = 5
# The page, its four files, the icon; the link, the names, the other formats, and the free times.
MOST_REQUESTS = 14


@pytest.mark.parametrize("to", ["", "&to=reschedule"])
async def test_the_first_view_and_the_first_times_are_there_within_four_seconds(
    browser: Browser, site: Settings, world: World, to: str
) -> None:
    """What the network takes: a round trip for each link of the chain, and each byte its share.

    How long the machine itself takes is not judged here: it would depend on what else it does.
    """
    session_id = await world.book(START)
    context = await browser.new_context(locale="en-US", timezone_id="America/New_York")
    context.set_default_timeout(PATIENCE_SECONDS * 1000)
    try:
        await context.add_init_script(PATIENTLY)
        page = await context.new_page()
        visitor = Visitor(page, site, world, None)  # type: ignore[arg-type]
        cdp = await context.new_cdp_session(page)
        await cdp.send("Network.enable")
        await cdp.send(
            "Network.emulateNetworkConditions",
            {
                "offline": False,
                "latency": ROUND_TRIP_SECONDS * 1000,
                "downloadThroughput": BYTES_PER_SECOND,
                "uploadThroughput": BYTES_PER_SECOND,
            },
        )
        sizes: dict[str, int] = {}

        def finished(event: dict[str, Any]) -> None:
            sizes[event["requestId"]] = event["encodedDataLength"]

        cdp.on("Network.loadingFinished", finished)
        await page.goto(f"{visitor.link(session_id)}{to}", wait_until="commit")
        if not to:
            await page.locator(".details").wait_for()
            await page.locator("#go-reschedule").click()
        await expect(page.locator(".slot").first).to_be_visible()
        until_slots = sum(sizes.values())
        requests = len(sizes)
    finally:
        await context.close()
    assert until_slots < MOST_BYTES
    assert requests <= MOST_REQUESTS
    assert CHAIN * ROUND_TRIP_SECONDS + until_slots / BYTES_PER_SECOND < MOST_SECONDS
