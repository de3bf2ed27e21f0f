"""`reslot practice`: create, list, change, close and reopen practices."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from app.clock import system_clock
from app.configuration.loading import load_settings
from app.configuration.settings import SettingsError
from app.operations.installation import installation
from app.operations.practices import (
    NewPractice,
    change_practice_look,
    close_practice,
    create_practice,
    list_practices,
    release_sign_in,
    reopen_practice,
)

practice_commands = typer.Typer(
    help="Create, list, change, close and reopen practices.", no_args_is_help=True
)
PracticeArgument = Annotated[str, typer.Argument(help="The practice's id or name.")]

TextDetailsOption = Annotated[
    list[str] | None,
    typer.Option(
        help="What text messages may say besides the time: service, practitioner. Give it twice "
        "for both; an empty text for neither."
    ),
]


@practice_commands.command("create")
def practice_create(
    name: Annotated[str, typer.Option(help="The practice's name, for its clients.")],
    currency: Annotated[str, typer.Option(help="ISO 4217 code of its currency, like EUR.")],
    email: Annotated[
        str, typer.Option(help="Email address for its clients and for notifications.")
    ],
    phone: Annotated[str | None, typer.Option(help="Phone number for its clients.")] = None,
) -> None:
    """Create a practice and print its id."""
    with installation(load_settings()) as settings:
        practice = NewPractice(name, currency, email, phone)
        typer.echo(asyncio.run(create_practice(settings, practice, system_clock())))


@practice_commands.command("list")
def practice_list() -> None:
    """List the practices of this installation."""
    with installation(load_settings()) as settings:
        for practice in asyncio.run(list_practices(settings)):
            closed = f"  closed {practice.closed_at:%Y-%m-%d}" if practice.closed_at else ""
            typer.echo(f"{practice.id}  {practice.name}{closed}")


@practice_commands.command("change")
def practice_change(  # noqa: PLR0913 - each is an option
    practice: PracticeArgument,
    *,
    name: Annotated[str | None, typer.Option(help="The practice's name.")] = None,
    email: Annotated[str | None, typer.Option(help="Email address for its clients.")] = None,
    phone: Annotated[str | None, typer.Option(help="Phone number for its clients.")] = None,
    address: Annotated[str | None, typer.Option(help="Postal address.")] = None,
    website: Annotated[str | None, typer.Option(help="A URL with https.")] = None,
    sender_name: Annotated[str | None, typer.Option(help="From whom its emails come.")] = None,
    accent: Annotated[str | None, typer.Option(help="Colour of buttons, like #2a6f6b.")] = None,
    welcome: Annotated[str | None, typer.Option(help="Text for the top of pages.")] = None,
    footer: Annotated[str | None, typer.Option(help="Text for the end of pages.")] = None,
    text_details: TextDetailsOption = None,
    logo: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="A PNG, JPEG or WebP of at most 100 KiB and 1024 pixels a side.",
        ),
    ] = None,
    no_logo: Annotated[bool, typer.Option("--no-logo", help="Remove the logo.")] = False,
) -> None:
    """Change a practice and how it looks to its clients. An empty text clears an option."""
    # Without the option, the command line gives an empty list.
    details = [one for one in text_details if one] if text_details else None
    given: dict[str, str | list[str] | None] = {
        "name": name,
        "email": email,
        "phone": phone,
        "address": address,
        "website": website,
        "sender_name": sender_name,
        "accent": accent,
        "welcome": welcome,
        "footer": footer,
        "text_details": details,
    }
    values = {option: value for option, value in given.items() if value is not None}
    picture = None if logo is None else logo.read_bytes()
    if not values and picture is None and not no_logo:
        raise SettingsError("Nothing to change: see `reslot practice change --help`.")
    with installation(load_settings()) as settings:
        asyncio.run(
            change_practice_look(
                settings, practice, values, b"" if no_logo else picture, system_clock()
            )
        )
        typer.echo("The practice is changed.")


@practice_commands.command("close")
def practice_close(practice: PracticeArgument) -> None:
    """Close a practice: end all access, reminders and webhooks. Nothing is deleted."""
    with installation(load_settings()) as settings:
        asyncio.run(close_practice(settings, practice, system_clock()))
        typer.echo("The practice is closed.")


@practice_commands.command("reopen")
def practice_reopen(practice: PracticeArgument) -> None:
    """Open a closed practice again. Its API keys work again; its clients have to sign in again."""
    with installation(load_settings()) as settings:
        asyncio.run(reopen_practice(settings, practice, system_clock()))
        typer.echo("The practice is open.")


@practice_commands.command("release-sign-in")
def practice_release_sign_in(
    issuer: Annotated[str, typer.Argument(help="The issuer, as the practice has set it.")],
    audience: Annotated[str, typer.Argument(help="The audience, as the practice has set it.")],
) -> None:
    """Remove the own sign-in of the practice that uses this issuer and audience.

    Another practice can use them then.
    """
    with installation(load_settings()) as settings:
        asyncio.run(release_sign_in(settings, issuer, audience, system_clock()))
        typer.echo("The issuer and audience are free.")
