"""`reslot keys`: make, list and revoke the API keys of a practice."""

import asyncio
from typing import Annotated
from uuid import UUID

import typer

from app.clock import system_clock
from app.configuration.loading import load_settings
from app.identity.api_keys.keys import Scope
from app.operations.client_commands import PracticeOption
from app.operations.installation import installation
from app.operations.practices import (
    create_practice_key,
    list_practice_keys,
    revoke_practice_key,
)

key_commands = typer.Typer(
    help="Manage API keys, with which a practice's own software authenticates.",
    no_args_is_help=True,
)


@key_commands.command("create")
def keys_create(
    practice: PracticeOption,
    name: Annotated[str, typer.Option(help="Who uses the key. The audit log shows this name.")],
    scope: Annotated[Scope, typer.Option(help="What the key may do.")] = Scope.WRITE,
) -> None:
    """Create an API key and print it. It is shown only once."""
    with installation(load_settings()) as settings:
        typer.echo(
            asyncio.run(create_practice_key(settings, practice, name, scope, system_clock()))
        )


@key_commands.command("list")
def keys_list(practice: PracticeOption) -> None:
    """List a practice's API keys, without their secrets."""
    with installation(load_settings()) as settings:
        for key in asyncio.run(list_practice_keys(settings, practice)):
            state = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else "in use"
            typer.echo(f"{key.id}  {key.scope:<5}  {key.created_at:%Y-%m-%d}  {state}  {key.name}")


@key_commands.command("revoke")
def keys_revoke(
    practice: PracticeOption,
    key_id: Annotated[UUID, typer.Argument(help="The key's id, as `reslot keys list` shows it.")],
) -> None:
    """Revoke an API key with immediate effect."""
    with installation(load_settings()) as settings:
        asyncio.run(revoke_practice_key(settings, practice, key_id, system_clock()))
        typer.echo("The key is revoked.")
