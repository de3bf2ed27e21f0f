"""`reslot client`: hand over and erase what is held of a client."""

import asyncio
from typing import Annotated
from uuid import UUID

import typer

from app.clock import system_clock
from app.configuration.loading import load_settings
from app.operations.clients import erase_data, export_data
from app.operations.installation import installation

client_commands = typer.Typer(
    help="Hand over and erase what is held of a client.", no_args_is_help=True
)
PracticeOption = Annotated[str, typer.Option("--practice", help="The practice's id or name.")]
ClientArgument = Annotated[UUID, typer.Argument(help="The client's id.")]


@client_commands.command("export")
def client_export(practice: PracticeOption, client_id: ClientArgument) -> None:
    """Print everything held of a client, as JSON, to hand it over to them."""
    with installation(load_settings()) as settings:
        typer.echo(asyncio.run(export_data(settings, practice, client_id, system_clock())))


@client_commands.command("erase")
def client_erase(
    practice: PracticeOption,
    client_id: ClientArgument,
    reason: Annotated[
        str, typer.Option(help="Why, for the audit log. Do not write who the client is.")
    ],
    *,
    force: Annotated[
        bool,
        typer.Option("--force", help="Also cancel booked sessions, and waive due fees."),
    ] = False,
) -> None:
    """Erase a client's name, address, phone, notes and the like. It cannot be undone."""
    with installation(load_settings()) as settings:
        now = system_clock()
        erased = asyncio.run(
            erase_data(settings, practice, client_id, reason, force=force, now=now)
        )
        typer.echo(
            f"The client is erased. Sessions cancelled: {erased.sessions_cancelled}. "
            f"Fees waived: {erased.fees_waived}."
        )
