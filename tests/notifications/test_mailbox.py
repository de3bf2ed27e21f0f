"""Listing and reading the demo's mails."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.configuration.settings import Settings
from app.mail.folder import list_mails, read_mail
from app.mail.senders import FolderSender
from app.notifications.mail.message import make_mail
from tests.notifications.scenario import Scenario
from tests.world import NOW


async def test_mails_are_listed_newest_first_and_read_as_text(
    scenario: Scenario, settings: Settings
) -> None:
    session_id = await scenario.book()
    sender = FolderSender(settings.mail_folder)
    older = await scenario.mail_data(session_id, "booked", "practitioner")
    await sender.send(make_mail(older, settings, NOW))
    newer = await scenario.mail_data(session_id, "booked")
    await sender.send(make_mail(newer, settings, NOW + timedelta(hours=1)))
    first, second = list_mails(settings.mail_folder)
    assert (first.number, second.number) == (1, 2)
    assert first.date == NOW + timedelta(hours=1)
    assert first.to == "Ana Ruiz <ana@client.example>"
    assert first.subject == "Your session is booked: December 3, 2026, 10:00 AM"
    text = read_mail(first.path)
    assert text.startswith("To: Ana Ruiz <ana@client.example>\nSubject: Your session is booked")
    assert "\nDate: Mon, 30 Nov 2026 16:00:00 +0000\n" in text
    assert "https://reslot.example/portal/#" in text
    assert text.endswith("Also in this mail: text/html, text/calendar, text/calendar\n")


def test_no_folder_is_an_empty_list(tmp_path: Path) -> None:
    assert list_mails(tmp_path / "none") == []


def test_an_unreadable_file_is_shown_as_far_as_possible(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(b"Subject: x\x1b[31m\nDate: Mon, 30 Nov 2026 15:00:00\n\nHi")
    (tmp_path / "b.eml").write_bytes(b"\n")
    first, last = list_mails(tmp_path)
    assert (first.subject, first.date) == ("x [31m", datetime(2026, 11, 30, 15, tzinfo=UTC))
    assert last.date.year == 1
    assert read_mail(first.path).endswith("\n\nHi\n")
