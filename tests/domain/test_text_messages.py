"""When text messages go, and that they fit into two segments (product.md, "Text messages")."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.text_messages import MAX_SEGMENTS, Message, segments, text_at, write

NEW_YORK = ZoneInfo("America/New_York")
LINK = "https://reslot.example/portal/#" + "aB3" * 5 + "x"
SENTENCE = "your session is booked for Thu, Dec 3, 3:00 PM"


def local(day: int, hour: int, minute: int = 0, *, second: int = 0) -> datetime:
    return datetime(2026, 12, day, hour, minute, second, tzinfo=NEW_YORK).astimezone(UTC)


@pytest.mark.parametrize(
    ("due", "starts_at", "goes"),
    [
        (local(3, 8), local(5, 9), local(3, 8)),
        (local(3, 20, 59, second=59), local(5, 9), local(3, 20, 59, second=59)),
        (local(3, 21), local(5, 9), local(4, 8)),
        (local(3, 7, 59, second=59), local(5, 9), local(3, 8)),
        (local(3, 0), local(5, 9), local(3, 8)),
        (local(3, 21), local(4, 10), local(4, 8)),
        (local(3, 21), local(4, 9, 59), local(3, 21)),
        (local(4, 5), local(4, 7), local(4, 5)),
        (local(3, 23), None, local(4, 8)),
    ],
)
def test_at_night_it_waits_for_eight_unless_the_session_is_too_early(
    due: datetime, starts_at: datetime | None, goes: datetime
) -> None:
    assert text_at(due, starts_at, NEW_YORK) == goes


@given(st.integers(0, 2 * 366 * 86_400))
def test_it_never_goes_early_and_waits_for_eleven_hours_at_most(second: int) -> None:
    due = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
    goes = text_at(due, due + timedelta(days=9), NEW_YORK)
    # On the night on which clocks go back an hour more.
    assert timedelta(0) <= goes - due <= timedelta(hours=12)
    assert 8 <= goes.astimezone(NEW_YORK).hour < 21


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("é" * 160, 1),
        ("ç" * 70, 1),
        ("ç" * 71, 2),
        ("ç" * 134, 2),
        ("ç" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        # The first segment has room for 152 places before the sign, which takes two.
        ("a" * 152 + "€" + "a" * 151, 2),
        ("a" * 152 + "€" + "a" * 152, 3),
    ],
)
def test_segments_are_counted_as_the_standard_does(text: str, count: int) -> None:
    assert segments(text) == count


def test_all_is_said_where_there_is_room() -> None:
    message = Message("Harbor Wellness", SENTENCE, "Follow-up, Dr. Maya Chen", LINK)
    assert write(message) == f"Harbor Wellness: {SENTENCE} (Follow-up, Dr. Maya Chen). {LINK}"


def test_the_detail_goes_first_then_the_end_of_the_name() -> None:
    long = ("Practice " * 27).strip()
    assert write(Message("Harbor", SENTENCE, "x" * 300, LINK)) == f"Harbor: {SENTENCE}. {LINK}"
    shortened = write(Message(long, SENTENCE, None, LINK))
    assert segments(shortened) == 2
    assert shortened.startswith("Practice Practice ")
    assert f"...: {SENTENCE}. {LINK}" in shortened


def test_a_name_in_another_alphabet_leaves_room_for_the_sentence_and_the_link() -> None:
    text = write(Message("Οδοντιατρείο " * 9, SENTENCE, None, LINK))
    assert text.endswith(f": {SENTENCE}. {LINK}")
    assert text.startswith("Οδοντιατρ")
    assert segments(text) == 2


def test_where_nothing_else_helps_accents_are_left_out() -> None:
    sentence = "puede cancelar gratis su cita del mié, 2 dic, 15:00 hasta el mié, 2 dic, 8:00; " * 2
    text = write(
        Message("Clínica del Ñandú \u2013 Łódź", sentence + "mañana o más tarde", None, LINK)
    )
    assert segments(text) == 2
    assert text.startswith("Clinica del Ñandu - odz: puede cancelar")
    assert text.endswith(f"mañana o mas tarde. {LINK}")


@given(name=st.text(max_size=120), detail=st.none() | st.text(max_size=250))
def test_whatever_the_practice_is_called_the_sentence_and_the_link_are_whole(
    name: str, detail: str | None
) -> None:
    text = write(Message(name, SENTENCE, detail, LINK))
    assert segments(text) <= MAX_SEGMENTS
    assert SENTENCE in text
    assert text.endswith(LINK)


def test_a_time_with_a_full_stop_of_its_own_ends_the_sentence() -> None:
    message = Message("Harbor", "your session is booked for Thu., Dec. 3, 3:00 p.m.", None, LINK)
    assert write(message) == f"Harbor: your session is booked for Thu., Dec. 3, 3:00 p.m. {LINK}"
