"""Compares received mails and webhooks with the notifications of all changes."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from app.database.embedded import OWNER
from tests.drills.cluster import Cluster
from tests.drills.scene import Scene
from tests.notifications.postbox import Postbox
from tests.notifications.receiver import Receiver
from tests.patience import until

_DUE = "SELECT EXISTS (SELECT FROM notifications WHERE status = 'pending' AND send_at <= now())"
# Not due yet: reminders and nudges. Rightly dropped before they were sent are mails about requests
# and offers that had ended, about groups that had changed again, about changes that their clients
# took back, and about changes without a cost that were followed by others, whose mail tells of
# both. Such a mail may have arrived all the same, if its worker was killed before writing so.
_NOTIFICATIONS = """
SELECT id::text, status, (
  kind = 'move_request' AND status = 'dropped' AND NOT EXISTS (
    SELECT FROM changes AS about
    JOIN changes AS ask ON ask.practice_id = $1 AND ask.command_id = about.command_id
      AND ask.kind = 'asked'
    JOIN move_request_sessions AS one ON one.practice_id = $1
      AND one.move_request_id = ask.subject_id AND one.session_id = mail.session_id
    WHERE about.practice_id = $1 AND about.id = mail.change_id AND one.state = 'asked')
) OR (
  kind IN ('group_booked', 'group_moved', 'group_cancelled') AND status = 'dropped' AND EXISTS (
    SELECT FROM changes AS about
    JOIN changes AS other ON other.practice_id = $1 AND other.subject = 'group'
      AND other.subject_id = about.subject_id AND other.kind IN ('moved', 'cancelled')
      AND other.id <> about.id
    WHERE about.practice_id = $1 AND about.id = mail.change_id)
) OR (
  kind IN ('cancelled', 'rescheduled') AND status = 'dropped' AND EXISTS (
    SELECT FROM changes AS about
    JOIN changes AS back ON back.practice_id = $1 AND back.session_id = about.session_id
      AND back.session_version = about.session_version + 1 AND back.kind = 'restored'
    WHERE about.practice_id = $1 AND about.id = mail.change_id)
) OR (
  kind IN ('booked', 'rescheduled') AND status = 'dropped' AND EXISTS (
    SELECT FROM changes AS about
    JOIN changes AS later ON later.practice_id = $1 AND later.session_id = about.session_id
      AND later.session_version > about.session_version
      AND later.kind IN ('rescheduled', 'format_changed', 'cancelled')
    JOIN notifications AS other ON other.practice_id = $1 AND other.change_id = later.id
      AND other.recipient = mail.recipient AND other.kind IN ('rescheduled', 'cancelled')
    WHERE about.practice_id = $1 AND about.id = mail.change_id AND about.fee_minor IS NULL)
) OR (
  kind = 'offer' AND status = 'dropped' AND EXISTS (
    SELECT FROM changes AS about
    JOIN offers ON offers.practice_id = $1 AND offers.id = about.subject_id
    WHERE about.practice_id = $1 AND about.id = mail.change_id
      AND offers.ended_at <= mail.finished_at)
) AS rightly_dropped
FROM notifications AS mail
WHERE practice_id = $1 AND kind <> ALL (ARRAY['reminder', 'nudge', 'reminder_nudge'])
"""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What arrived. `lost` is marked as sent but never arrived; `made_up` has no notification.

    `copies` counts repeated arrivals, which have the same id.
    """

    arrived: int
    lost: list[str]
    made_up: list[str]
    unsettled: list[str]
    copies: int


async def until_settled(cluster: Cluster, seconds: float) -> None:
    """Wait until no notification is due.

    Raises:
        TimeoutError: a notification is still due after this many seconds.
    """
    db = await asyncpg.connect(cluster.url(OWNER))

    async def is_settled() -> bool:
        return not await db.fetchval(_DUE)

    try:
        await until(is_settled, seconds)
    finally:
        await db.close()


async def written(url: str, practice_id: UUID) -> list[asyncpg.Record]:
    """Read `id`, `status` and `rightly_dropped` of a practice's notifications of all changes."""
    db = await asyncpg.connect(url)
    try:
        return list(await db.fetch(_NOTIFICATIONS, practice_id))
    finally:
        await db.close()


async def delivered(
    cluster: Cluster, scene: Scene, postbox: Postbox, receiver: Receiver
) -> Delivery:
    """Compare what arrived with the notifications of all changes; reminders are not due yet."""
    notifications = await written(cluster.url(OWNER), scene.practice_id)
    mails = [str(mail["Message-ID"]).strip("<>").partition("@")[0] for mail in postbox.mails]
    hooks = [hook.headers["webhook-id"] for hook in receiver.received]
    dropped = {row["id"] for row in notifications if row["rightly_dropped"]}
    return compare({row["id"]: row["status"] for row in notifications}, mails + hooks, dropped)


def compare(
    status_of: Mapping[str, str], ids: Iterable[str], dropped: Collection[str] = ()
) -> Delivery:
    """Compare the ids of what arrived with the notifications; `dropped` were dropped rightly."""
    arrived = Counter(ids)
    return Delivery(
        arrived=len(arrived),
        lost=[one for one, status in status_of.items() if status == "sent" and one not in arrived],
        made_up=sorted(arrived.keys() - status_of.keys()),
        unsettled=[
            one for one, status in status_of.items() if status != "sent" and one not in dropped
        ],
        copies=arrived.total() - len(arrived),
    )
