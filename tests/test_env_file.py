"""The file `.env`: wrong settings are refused; variables of other software are allowed."""

from pathlib import Path

import pytest

from app.configuration.loading import load_settings
from app.configuration.settings import Settings, SettingsError


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An environment without settings, and the path of `.env` in an empty folder."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path / ".env"


def refusal(file: Path, written: bytes) -> str:
    """Return the error message of the command."""
    file.write_bytes(written)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    return str(refused.value)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("SMPT_URL", "SMTP_URL"),
        ("smpt_url", "SMTP_URL"),
        ("SECRET_KEY", "SECRET_KEYS"),
        ("METRIC_PORT", "METRICS_PORT"),
        ("LOGLEVEL", "LOG_LEVEL"),
        ("WORKERS", "WORKER"),
        ("public_uri", "PUBLIC_URL"),
        ("RESLOT_PORT", "PORT"),
        ("RESLOT_DATABASE_URL", "DATABASE_URL"),
        ("RESLOT_SMPT_URL", "SMTP_URL"),
    ],
)
def test_a_name_similar_to_a_setting_is_refused(env: Path, written: str, meant: str) -> None:
    said = refusal(env, f"OTEL_SERVICE_NAME=x\n{written}=hunter2\n".encode())
    assert said == (
        f"Bad setting. {written} in .env: must be the name of a setting; {meant} is similar."
    )


@pytest.mark.parametrize(
    "name",
    [
        "OTEL_SERVICE_NAME",
        "PGHOST",
        "PGPORT",
        "PGPASSWORD",
        "HOSTNAME",
        "HOME",
        "DATABASE_HOST",
        "DATABASE_PORT",
        "DATABASE_USER",
        "SMTP_USER",
        "SMTP_PORT",
        "TEST_DATABASE_URL",
        "DATABASE_URL_OLD",
        "WEB_PORT",
        "PYTHONPATH",
        "UVICORN_WORKERS",
    ],
)
def test_names_of_other_software_are_allowed(env: Path, name: str) -> None:
    env.write_text(f"{name}=x\nEDITOR=\n\n# SMPT_URL=\nport=8001\n")
    assert load_settings().port == 8001


@pytest.mark.parametrize(
    "line",
    ["PORT 8001", "PORT", "= hunter2", "foo", "foo # a comment", "  foo", "export foo", "'foo'"],
)
@pytest.mark.parametrize(
    ("before", "number"), [("# ours\n", 2), ("\n \n", 3), ("X='a\nb'\n\n", 4), ("X=1\r\n\r\n", 3)]
)
def test_a_line_that_sets_nothing_is_refused(
    env: Path, line: str, before: str, number: int
) -> None:
    said = refusal(env, f"{before}{line}\nY=1\n".encode())
    assert said == f"Bad setting. Line {number} of .env: must be like NAME=VALUE."


def test_comments_and_empty_lines_are_allowed(env: Path) -> None:
    env.write_text("# foo\n\n   # foo\nexport PORT=8001 # foo\nOTHER=\n")
    assert load_settings().port == 8001


def test_a_file_that_is_not_text_is_named(env: Path) -> None:
    said = refusal(env, b"METRICS_TOKEN=hunter2\xff")
    assert said == "Bad setting. The file .env: must be text in UTF-8."


def test_a_byte_order_mark_is_not_part_of_the_first_name(env: Path) -> None:
    env.write_bytes(b"\xef\xbb\xbfPORT=8001\n")
    assert load_settings().port == 8001
