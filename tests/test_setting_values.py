"""Values of settings: an invalid one is refused at the start, with its name, without its value."""

from pathlib import Path

import pytest

from app.configuration.settings import Settings, SettingsError, load_settings


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment and a folder without settings."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


BAD = [
    ("PORT", "0"),
    ("PORT", "eighty-hunter2"),
    ("QUOTE_MINUTES", "0"),
    ("UNDO_MINUTES", "-1"),
    ("KEEP_NOTES_DAYS", "0"),
    ("KEEP_ORIGINS_DAYS", "0"),
    ("KEEP_NOTIFICATIONS_DAYS", "3651"),
    ("LINK_DAYS", "-1"),
    ("MAIL_FROM", "hunter2"),
    ("MAIL_FROM", "hünter2@reslot.example"),
    ("SMTP_URL", "smtp://hunter2@💩.example"),
    ("LOG_FORMAT", "hunter2"),
    ("WORKER", "hunter2"),
    ("TRACING", "hunter2"),
    ("DATABASE_POOL_SIZE", "0"),
    ("SMTP_CONNECTIONS", "1"),
    ("SIGN_IN_DAYS", "0"),
    ("SIGN_IN_DAYS", "3651"),
    ("TRUSTED_PROXIES", "hunter2"),
    ("TRUSTED_PROXIES", "10.0.0.1, proxy.hunter2"),
    ("TRUSTED_PROXIES", "10.0.0.1/8"),
    ("DATABASE_URL", "mysql://role:hunter2@db.example/reslot"),
    ("DATABASE_URL", "postgresql+psycopg://role:hunter2@db.example/reslot"),
    ("DATABASE_URL", "postgresql://db.example/hunter2"),
    ("DATABASE_URL", "postgresql://role:hunter2@db.example:port/reslot"),
    ("DATABASE_URL", "postgresql://role:hunter2@db-a:5432,db-b:99999/reslot"),
    ("DATABASE_URL", "hunter2"),
    ("DATABASE_OWNER_URL", "sqlite:///hunter2"),
    ("HOST", "http://hunter2"),
    ("PUBLIC_URL", "hunter2.example"),
    ("PUBLIC_URL", "https://hunter2.example:port"),
    ("PUBLIC_URL", "ftp://hunter2.example"),
    ("PUBLIC_URL", "https://"),
    ("PORTAL", "hunter2"),
    ("DOCS", "hunter2"),
    ("PORTAL_URL", "/hunter2"),
    ("PORTAL_URL", "https://hunter2.example/#start"),
    ("CORS_ORIGINS", "https://hunter2.example/app"),
    ("CORS_ORIGINS", "https://app.example, hunter2.example"),
    ("METRICS_TOKEN", "h"),
    ("METRICS_PORT", "70000"),
    ("LOG_LEVEL", "hunter2"),
    ("ACCESS_TOKEN_MINUTES", "0"),
    ("LINK_ACCESS_MINUTES", "0"),
    ("CREDIT_GRACE_DAYS", "-1"),
    ("WEBHOOK_INSECURE_TARGETS", "hunter2"),
    ("SIGN_IN_INSECURE_ISSUERS", "hunter2"),
    ("DATA_DIR", __file__),
    ("SECRET_KEYS", "hunter2"),
    ("DATABASE_URL", "postgresql://role@hunter2 example/reslot"),
    ("DATABASE_URL", "postgresql://role@%00/hunter2"),
    ("DATABASE_URL", "postgresql://role:hun/ter2@db.example/reslot"),
    ("PUBLIC_URL", "https://hunter2 .example"),
    ("PUBLIC_URL", "https://hunter2..example"),
    ("PUBLIC_URL", "https://user:hunter2@reslot.example"),
    ("PUBLIC_URL", "https://reslot.example/?x=hunter2"),
    ("PUBLIC_URL", "https://[::hunter2"),
    ("PUBLIC_URL", "https://reslot.example/?hunter2"),
    ("PORTAL_URL", "https://user:hunter2@portal.example"),
    ("PORTAL_URL", "https://reslot.example/ hunter2"),
    ("CORS_ORIGINS", "https://*.hunter2.example"),
    ("CORS_ORIGINS", "https://hunter2.example/"),
    ("CORS_ORIGINS", "https://hunter2.example?"),
    ("METRICS_TOKEN", "hunter2 hunter2 hunter2"),
    ("METRICS_TOKEN", "hünter2hünter2hünter2"),
    ("DATA_DIR", f"{__file__}/hunter2"),
    ("DATA_DIR", "~hunter2/reslot"),
    ("SMTP_URL", "hunter2"),
    ("SMTP_URL", "http://u:hunter2@mail.example"),
    ("SMTP_URL", "mail.example:25"),
    ("SMTP_URL", "smtp://"),
    ("SMTP_URL", "smtp://[::hunter2"),
    ("SMTP_URL", "smtp://mail.example:hunter2"),
    ("SMTP_URL", "smtp://mail.example:0"),
    ("SMTP_URL", "smtp://hunter2@mail.example"),
    ("SMTP_URL", "smtp://:hunter2@mail.example"),
    ("SMTP_URL", "smtp://mail.example/hunter2"),
    ("SMTP_URL", "smtp://mail.example?starttls=hunter2"),
    ("SMTP_URL", "smtp://mail.example?startls=always"),
]


@pytest.mark.parametrize(("name", "text"), BAD)
def test_a_bad_setting_is_named_without_its_value(
    env: pytest.MonkeyPatch, name: str, text: str
) -> None:
    env.setenv(name, text)
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    assert name in str(refusal.value)
    assert "hunter2" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_an_invalid_value_of_each_setting_is_refused() -> None:
    assert {name.upper() for name in Settings.model_fields} == {name for name, _ in BAD}


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, field in Settings.model_fields.items()
        if field.annotation in (int, int | None)
    ],
)
def test_a_number_that_is_too_large_is_refused(env: pytest.MonkeyPatch, name: str) -> None:
    """A period of that many days or minutes would end after the year 9999."""
    env.setenv(name.upper(), "99999999999")
    with pytest.raises(SettingsError, match=name.upper()):
        load_settings()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://role@/reslot?host=/run/postgresql",
        "postgresql+asyncpg://role:secret@db.example/reslot",
        "postgresql://role:p%40ss@db-a:5432,db-b:5432/reslot?target_session_attrs=read-write",
        "postgresql://role@[2001:db8::1]:5432/reslot",
        "postgresql://role@%2Frun%2Fpostgresql/reslot",
        "postgresql://role:pass word@db_1/reslot",
    ],
)
def test_a_database_url_is_not_changed(env: pytest.MonkeyPatch, url: str) -> None:
    env.setenv("DATABASE_URL", url)
    assert load_settings().service_url == url


def test_origins_are_spelled_as_browsers_spell_them(env: pytest.MonkeyPatch) -> None:
    env.setenv("CORS_ORIGINS", "HTTPS://App.Example:443,http://[::1]:80,http://app:8080,*")
    assert load_settings().cors_origins == (
        "https://app.example",
        "http://[::1]",
        "http://app:8080",
        "*",
    )


def test_a_tilde_in_a_folder_is_expanded_without_a_shell(
    env: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    env.setenv("HOME", str(tmp_path))
    env.setenv("DATA_DIR", "~/reslot")
    assert load_settings().data_dir == tmp_path / "reslot"
