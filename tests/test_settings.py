"""What an operator may write into the environment, and what he is told when it is wrong."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.settings import Settings, SettingsError, load_settings

FIRST, SECOND = "first-key-0123456789-0123456789-01", "second-key-0123456789-0123456789-0"
URL = "postgresql://reslot_service:hunter2@db.example/reslot"


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment and a folder without any setting."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


@pytest.mark.usefixtures("env")
def test_everything_has_a_default_but_the_secrets() -> None:
    settings = load_settings()
    assert settings.keys == []
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.portal_url == "http://127.0.0.1:8000/portal/"
    assert settings.cors_origins == ()
    assert settings.trusted_proxies == ("127.0.0.1",)
    assert settings.sign_in_lifetime == timedelta(days=90)
    assert settings.quote_lifetime == timedelta(minutes=10)
    assert settings.credit_grace == timedelta(days=14)
    assert settings.webhook_insecure_targets is False
    assert settings.tracing is False
    assert (settings.link_days, settings.access_token_minutes, settings.link_access_minutes) == (
        30,
        60,
        30,
    )
    assert settings.mail_folder == Path(".data/mail")


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (FIRST, [FIRST]),
        (f"{FIRST},{SECOND}", [FIRST, SECOND]),
        (f" {FIRST} ,, {SECOND}, ", [FIRST, SECOND]),
        ("", []),
    ],
)
def test_keys_are_a_list_with_commas_oldest_first(
    env: pytest.MonkeyPatch, text: str, keys: list[str]
) -> None:
    env.setenv("SECRET_KEYS", text)
    assert load_settings().keys == keys


@pytest.mark.parametrize("text", ["hunter2", f"{FIRST},hunter2", "h" * 31])
def test_a_short_key_is_refused_by_name_and_not_repeated(
    env: pytest.MonkeyPatch, text: str
) -> None:
    env.setenv("SECRET_KEYS", text)
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    assert "SECRET_KEYS" in str(refusal.value)
    assert "32 characters" in str(refusal.value)
    for key in text.split(","):
        assert key not in str(refusal.value)
    assert refusal.value.__cause__ is None


BAD = [
    ("PORT", "0"),
    ("PORT", "eighty-hunter2"),
    ("QUOTE_MINUTES", "0"),
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
    ("PUBLIC_URL", "https://reslot.example/?hunter2"),
    ("PUBLIC_URL", "https://user:hunter2@reslot.example"),
    ("PUBLIC_URL", "https://hunter2 .example"),
    ("PORTAL", "hunter2"),
    ("DOCS", "hunter2"),
    ("PORTAL_URL", "/hunter2"),
    ("PORTAL_URL", "https://hunter2.example/#start"),
    ("PORTAL_URL", "https://user:hunter2@portal.example"),
    ("CORS_ORIGINS", "https://hunter2.example/app"),
    ("CORS_ORIGINS", "https://app.example, hunter2.example"),
    ("METRICS_TOKEN", "h"),
    ("METRICS_TOKEN", "hunter2 hunter2 hunter2"),
    ("METRICS_TOKEN", "hünter2hünter2hünter2"),
    ("METRICS_PORT", "70000"),
    ("LOG_LEVEL", "hunter2"),
    ("ACCESS_TOKEN_MINUTES", "0"),
    ("LINK_ACCESS_MINUTES", "0"),
    ("CREDIT_GRACE_DAYS", "-1"),
    ("WEBHOOK_INSECURE_TARGETS", "hunter2"),
    ("DATA_DIR", __file__),
    ("DATA_DIR", f"{__file__}/hunter2"),
    ("SECRET_KEYS", "hunter2"),
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


def test_each_setting_is_refused_where_it_is_nonsense() -> None:
    assert {name.upper() for name in Settings.model_fields} == {name for name, _ in BAD}


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, field in Settings.model_fields.items()
        if field.annotation in (int, int | None)
    ],
)
def test_a_number_that_is_too_large_for_use_is_refused(env: pytest.MonkeyPatch, name: str) -> None:
    """A period of so many days or minutes ends after the year 9999."""
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
    ],
)
def test_a_database_url_is_taken_as_it_is(env: pytest.MonkeyPatch, url: str) -> None:
    env.setenv("DATABASE_URL", url)
    assert load_settings().service_url == url


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("SMPT_URL", "SMTP_URL"),  # two characters swapped
        ("SECRET_KEY", "SECRET_KEYS"),  # one missing
        ("WORKERS", "WORKER"),  # one more
        ("public_uri", "PUBLIC_URL"),  # another one
    ],
)
@pytest.mark.usefixtures("env")
def test_a_name_in_the_file_that_is_nearly_a_setting_is_refused(
    tmp_path: Path, name: str, meant: str
) -> None:
    (tmp_path / ".env").write_text(f"OTEL_SERVICE_NAME=x\nPYTHONPATH=.\n{name}=hunter2\n")
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    assert str(refusal.value) == (
        f"Bad setting. {name} in .env: must be the name of a setting; {meant} is similar."
    )


@pytest.mark.usefixtures("env")
def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"METRICS_TOKEN=hunter2\xff")
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    assert str(refusal.value) == "Bad setting. The file .env: must be text in UTF-8."


def test_names_of_other_software_may_stand_in_the_file(
    env: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    env.chdir(tmp_path)
    others = (
        "OTEL_SERVICE_NAME",
        "PYTHONPATH",
        "PGPASSWORD",
        "HOSTNAME",
        "HOME",
        "DATABASE_HOST",
        "DATABASE_PORT",
        "DATABASE_USER",
        "TEST_DATABASE_URL",
        "SMTP_USER",
        "SMTP_PORT",
    )
    lines = [*(f"{name}=x" for name in others), "port=8001"]
    (tmp_path / ".env").write_text("\n".join(lines))
    assert load_settings().port == 8001


def test_every_bad_setting_is_named_at_once(env: pytest.MonkeyPatch) -> None:
    env.setenv("PORT", "0")
    env.setenv("QUOTE_MINUTES", "never")
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    assert "PORT" in str(refusal.value)
    assert "QUOTE_MINUTES" in str(refusal.value)


def test_proxies_are_a_list_with_commas(env: pytest.MonkeyPatch) -> None:
    env.setenv("TRUSTED_PROXIES", "10.0.0.0/8, 2001:db8::1")
    assert load_settings().trusted_proxies == ("10.0.0.0/8", "2001:db8::1")
    env.setenv("TRUSTED_PROXIES", "*")
    assert load_settings().trusted_proxies == ("*",)


def test_origins_are_a_list_with_commas(env: pytest.MonkeyPatch) -> None:
    env.setenv("CORS_ORIGINS", "https://portal.example, https://app.example")
    assert load_settings().cors_origins == ("https://portal.example", "https://app.example")


@pytest.mark.parametrize(
    ("name", "text", "spelled"),
    [
        ("PUBLIC_URL", "https://faß.example/api", "https://xn--fa-hia.example/api"),
        ("PORTAL_URL", "https://faß.example/a", "https://xn--fa-hia.example/a"),
        ("CORS_ORIGINS", "https://faß.example:8443", ("https://xn--fa-hia.example:8443",)),
        ("SMTP_URL", "smtp://jo:ü@faß.example:587", "smtp://jo:ü@xn--fa-hia.example:587"),
        ("DATABASE_URL", "postgresql://r@faß.example/d", "postgresql://r@xn--fa-hia.example/d"),
        (
            "DATABASE_OWNER_URL",
            "postgresql://role@faß.example/",
            "postgresql://role@xn--fa-hia.example/",
        ),
        ("MAIL_FROM", "no-reply@xn--fa-hia.example", "no-reply@faß.example"),
    ],
)
def test_a_host_is_the_one_that_was_written_down(
    env: pytest.MonkeyPatch, name: str, text: str, spelled: object
) -> None:
    """Libraries would convert it by IDNA 2003, and reach somebody else's server."""
    env.setenv(name, text)
    found = getattr(load_settings(), name.lower())
    assert (found.get_secret_value() if isinstance(found, SecretStr) else found) == spelled


@pytest.mark.parametrize(
    ("given", "public", "portal"),
    [
        ({"PORT": "9000"}, "http://127.0.0.1:9000", "http://127.0.0.1:9000/portal/"),
        ({"HOST": "::1"}, "http://[::1]:8000", "http://[::1]:8000/portal/"),
        (
            {"PUBLIC_URL": "https://api.example/reslot/"},
            "https://api.example/reslot",
            "https://api.example/reslot/portal/",
        ),
        (
            {"PUBLIC_URL": "https://api.example", "PORTAL_URL": "https://portal.example/s"},
            "https://api.example",
            "https://portal.example/s",
        ),
    ],
)
def test_addresses_follow_from_each_other(
    env: pytest.MonkeyPatch, given: dict[str, str], public: str, portal: str
) -> None:
    for name, text in given.items():
        env.setenv(name, text)
    settings = load_settings()
    assert (settings.public_url, settings.portal_url) == (public, portal)


@pytest.mark.usefixtures("env")
def test_settings_are_read_from_a_file_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"SECRET_KEYS={FIRST},{SECOND}\nPORT=9001\nOF_ANOTHER=1\n")
    settings = load_settings()
    assert (settings.keys, settings.port) == ([FIRST, SECOND], 9001)


@pytest.mark.parametrize("tracing", [True, False])
def test_the_file_may_hold_what_opentelemetry_reads_too(
    env: pytest.MonkeyPatch,
    tmp_path: Path,
    tracing: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """The SDK looks into the environment only, which wins over the file."""
    names = ("OTEL_SERVICE_NAME", "OTEL_TRACES_SAMPLER", "OTEL_EXPORTER_OTLP_HEADERS", "OF_ANOTHER")
    for name in names:
        env.setenv(name, "")
        env.delenv(name)
    env.setenv("OTEL_SERVICE_NAME", "of-the-environment")
    (tmp_path / ".env").write_text(
        f"TRACING={tracing}\nOTEL_SERVICE_NAME=of-the-file\nOTEL_TRACES_SAMPLER=always_off\n"
        "OTEL_EXPORTER_OTLP_HEADERS=\nOF_ANOTHER=1\n"
    )
    assert load_settings().tracing is tracing
    found = [os.environ.get(name) for name in names]
    sampler = "always_off" if tracing else None
    assert found == ["of-the-environment", sampler, None, None]


def test_without_an_owner_the_service_owns_its_tables(env: pytest.MonkeyPatch) -> None:
    env.setenv("DATABASE_URL", URL)
    assert load_settings().owner_url == load_settings().service_url == URL
    env.setenv("DATABASE_OWNER_URL", "postgresql://owner@db.example/reslot")
    assert load_settings().owner_url == "postgresql://owner@db.example/reslot"


@pytest.mark.usefixtures("env")
def test_a_missing_database_is_said_in_one_sentence() -> None:
    with pytest.raises(SettingsError, match=r"^DATABASE_URL is not set: .*\.$"):
        _ = load_settings().service_url


def test_nothing_secret_is_printed() -> None:
    settings = Settings(
        _env_file=None,
        database_url=SecretStr(URL),
        secret_keys=(SecretStr(FIRST),),
        smtp_url=SecretStr("smtp://user:hunter2@mail.example"),
    )
    assert "hunter2" not in repr(settings)
    assert FIRST not in repr(settings)


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings(_env_file=None).port = 1  # type: ignore[misc]
