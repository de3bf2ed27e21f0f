"""Mails to the practice's own address, about what is of no session: a webhook was switched off."""

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.changes.models import Change
from app.notices.clean import mailbox, one_line
from app.notices.facts import Fact
from app.notices.mails import add_technical_headers, compose
from app.notices.models import Notice
from app.notices.pages import Page
from app.notices.texts.english import ENGLISH
from app.practices.models import Practice
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class PracticeLetter:
    """A notice to the practice, with the entry of the trail that it tells of."""

    notice_id: UUID
    practice_name: str
    practice_email: str
    endpoint_id: UUID
    at: datetime
    details: dict[str, Any]


async def load_practice_letter(
    db: AsyncConnection, practice_id: UUID, notice_id: UUID
) -> PracticeLetter | None:
    """Read a notice to the practice; None where there is none."""
    row = (
        await db.execute(
            select(
                Practice.name,
                Practice.email,
                Change.subject_id,
                Change.at,
                Change.details,
            )
            .select_from(Notice)
            .join(Practice, Practice.practice_id == Notice.practice_id)
            .join(
                Change,
                and_(Change.practice_id == Notice.practice_id, Change.id == Notice.change_id),
            )
            .where(
                Notice.practice_id == practice_id,
                Notice.id == notice_id,
                Notice.recipient == "practice",
            )
        )
    ).one_or_none()
    if row is None:
        return None
    return PracticeLetter(notice_id, row.name, row.email, row.subject_id, row.at, row.details or {})


def make_practice_mail(letter: PracticeLetter, settings: Settings, now: datetime) -> EmailMessage:
    """Render the mail, dated `now`, in English and in UTC: a practice has no language and no zone.

    Raises:
        UndeliverableError: the practice's address is no address.
    """
    page = _webhook_disabled(letter)
    mail = compose(page)
    mail["From"] = mailbox("Reslot", settings.mail_from)
    mail["To"] = mailbox(letter.practice_name, letter.practice_email)
    mail["Subject"] = page.subject
    add_technical_headers(mail, letter.notice_id, settings, now)
    return mail


def _webhook_disabled(letter: PracticeLetter) -> Page:
    failures, since = letter.details["failures"], letter.details["failing_since"]
    why = (
        "Its receiver said that it is gone for good (HTTP 410)."
        if letter.details["gone"]
        else f"The last {failures} attempts to reach its receiver have all failed."
    )
    return Page(
        language="en",
        texts=ENGLISH,
        subject="A webhook of yours was switched off",
        heading="A webhook of yours was switched off",
        sentences=(
            why,
            "It is told of no change any more, and what still waited for it is not sent.",
        ),
        facts=(
            Fact("Host", one_line(letter.details["host"])),
            Fact("Webhook endpoint", str(letter.endpoint_id)),
            Fact("Failing since", _utc(datetime.fromisoformat(since))),
            Fact("Switched off", _utc(letter.at)),
            Fact("Last error", one_line(letter.details["error"])),
            Fact(
                "To switch it on again",
                f"PATCH /v1/practice/webhook-endpoints/{letter.endpoint_id} "
                'with {"active": true}. Then compare what changed meanwhile with your own records.',
            ),
        ),
        footer=(f"This was sent to the address of {one_line(letter.practice_name)} in Reslot.",),
    )


def _utc(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
