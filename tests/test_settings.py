"""The settings from the environment, and the errors for invalid ones."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.configuration.loading import load_settings
from app.configuration.settings import Settings, SettingsError

FIRST, SECOND = "first-key-0123456789-0123456789-01", "second-key-0123456789-0123456789-0"
URL = "postgresql://reslot_service:hunter2@db.example/reslot"


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment and a folder without settings."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


@pytest.mark.parametrize(
    ("given", "lacks"),
    [
        ({}, False),
        ({"SMTP_URL": "smtp://mail.example"}, True),
        ({"SMS_URL": "https://texts.example", "SMS_FROM": "Harbor"}, True),
        ({"SMTP_URL": "smtp://mail.example", "PUBLIC_URL": "https://api.example"}, False),
    ],
)
def test_links_that_leave_the_machine_need_a_public_url(
    env: pytest.MonkeyPatch, given: dict[str, str], *, lacks: bool
) -> None:
    for name, text in given.items():
        env.setenv(name, text)
    assert load_settings().lacks_public_url is lacks


@pytest.mark.usefixtures("env")
def test_everything_except_the_secrets_has_a_default() -> None:
    settings = load_settings()
    assert settings.keys == []
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.portal_url == "http://127.0.0.1:8000/portal/"
    assert settings.cors_origins == ()
    assert settings.trusted_proxies == ("127.0.0.1",)
    assert settings.sign_in_lifetime == timedelta(days=90)
    assert settings.quote_lifetime == timedelta(minutes=10)
    assert settings.credit_grace == timedelta(days=14)
    assert settings.undo_window == timedelta(minutes=5)
    assert settings.webhook_insecure_targets is False
    assert settings.sign_in_insecure_issuers is False
    assert settings.tracing is False
    assert (settings.link_days, settings.access_token_minutes, settings.link_access_minutes) == (
        30,
        60,
        30,
    )
    assert settings.mail_folder == Path(".data/mail")
    assert (settings.sms_url, settings.sms_token, settings.sms_secret) == (None, None, None)
    assert settings.sms_from == ""


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (FIRST, [FIRST]),
        (f"{FIRST},{SECOND}", [FIRST, SECOND]),
        (f" {FIRST} ,, {SECOND}, ", [FIRST, SECOND]),
        ("", []),
    ],
)
def test_keys_are_separated_by_commas_oldest_first(
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


def test_every_bad_setting_is_named_at_once(env: pytest.MonkeyPatch) -> None:
    env.setenv("PORT", "0")
    env.setenv("QUOTE_MINUTES", "never")
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    assert "PORT" in str(refusal.value)
    assert "QUOTE_MINUTES" in str(refusal.value)


def test_proxies_are_separated_by_commas(env: pytest.MonkeyPatch) -> None:
    env.setenv("TRUSTED_PROXIES", "10.0.0.0/8, 2001:db8::1")
    assert load_settings().trusted_proxies == ("10.0.0.0/8", "2001:db8::1")
    env.setenv("TRUSTED_PROXIES", "*")
    assert load_settings().trusted_proxies == ("*",)


def test_origins_are_separated_by_commas(env: pytest.MonkeyPatch) -> None:
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
def test_a_host_keeps_its_idna_2008_spelling(
    env: pytest.MonkeyPatch, name: str, text: str, spelled: object
) -> None:
    """Libraries would convert it by IDNA 2003 and connect to somebody else's server."""
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
            {"PUBLIC_URL": "https://api.example", "PORTAL_URL": "https://portal.example/s?p=1"},
            "https://api.example",
            "https://portal.example/s?p=1",
        ),
    ],
)
def test_addresses_are_derived_from_one_another(
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
def test_the_file_may_contain_settings_of_opentelemetry(
    env: pytest.MonkeyPatch,
    tmp_path: Path,
    tracing: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """The SDK reads only the environment, which takes precedence over the file."""
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


def test_without_an_owner_url_the_service_owns_its_tables(env: pytest.MonkeyPatch) -> None:
    env.setenv("DATABASE_URL", URL)
    assert load_settings().owner_url == load_settings().service_url == URL
    env.setenv("DATABASE_OWNER_URL", "postgresql://owner@db.example/reslot")
    assert load_settings().owner_url == "postgresql://owner@db.example/reslot"


@pytest.mark.usefixtures("env")
def test_a_missing_database_is_one_sentence() -> None:
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


def test_a_gateway_of_text_messages_needs_a_sender(env: pytest.MonkeyPatch) -> None:
    env.setenv("SMS_URL", "https://user:hunter2@sms.example/send")
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    assert str(refusal.value) == "Bad setting. SMS_FROM: is required with SMS_URL."
    assert refusal.value.__cause__ is None


def test_the_link_of_a_text_message_is_short(env: pytest.MonkeyPatch) -> None:
    """The longest one that is accepted leaves room for the sentence (app/domain/text_messages)."""
    start = "https://portal.example/"
    env.setenv("PORTAL_URL", start + "a" * (101 - len(start)))
    assert len(load_settings().portal_url) == 101
    env.setenv("SMS_URL", "https://user:hunter2@sms.example/send")
    env.setenv("SMS_FROM", "+15550100")
    with pytest.raises(SettingsError, match=r"^Bad setting\. PORTAL_URL: .* 100 ") as refusal:
        load_settings()
    assert "hunter2" not in str(refusal.value)
    env.setenv("PORTAL_URL", start + "a" * (100 - len(start)))
    assert len(load_settings().portal_url) == 100


@pytest.mark.parametrize(
    ("given", "sends"),
    [
        ({}, True),
        ({"SMTP_URL": "smtp://mail.example"}, False),
        ({"SMS_URL": "https://sms.example", "SMS_FROM": "Harbor"}, True),
        (
            {
                "SMTP_URL": "smtp://mail.example",
                "SMS_URL": "https://sms.example",
                "SMS_FROM": "Harbor",
            },
            True,
        ),
    ],
)
def test_without_a_gateway_text_messages_go_only_where_mails_are_read_in_the_folder(
    env: pytest.MonkeyPatch, given: dict[str, str], *, sends: bool
) -> None:
    for name, text in given.items():
        env.setenv(name, text)
    assert load_settings().sends_texts is sends


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings(_env_file=None).port = 1  # type: ignore[misc]
