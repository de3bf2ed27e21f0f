"""A mail that was under way when its client was erased is not sent afterwards."""

from app.mail.context import MailContext
from app.notifications.delivery import send_notification
from app.tables.notifications import Notification
from tests.notifications.postbox import Postbox
from tests.notifications.scenario import Scenario
from tests.world import Api, World


async def test_a_mail_that_is_tried_again_goes_to_nobody(
    staff: Api, world: World, context: MailContext, postbox: Postbox, clock: object
) -> None:
    """Also to the practitioner: it would be about somebody whom nobody knows any more."""
    session_id = await Scenario(world, clock).book()  # type: ignore[arg-type] # the tests' clock
    body = {"reason": {"note": "Asked for by letter."}, "force": True}
    erased = await staff.post(f"/v1/practice/clients/{world.client_id}/erase", body)
    assert erased.status_code == 200
    mails = [
        row
        for row in await world.rows(Notification, session_id=session_id)
        if row.kind == "booked" and row.recipient != "webhook"
    ]
    for mail in mails:
        # As if a worker had been sending it, and failed.
        await world.change(Notification, mail.id, status="pending", finished_at=None)
        await send_notification(context, world.practice_id, mail.id)
    assert postbox.mails == []
    after = await world.rows(Notification, session_id=session_id, kind="booked")
    assert {row.status for row in after} == {"dropped"}
    assert len(mails) == 2
