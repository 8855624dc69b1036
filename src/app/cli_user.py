"""`tezgah user`: what only the people who run the service can do for somebody."""

import asyncio

import click

from app.lib.errors import DomainError
from app.lib.settings import Settings, SettingsError


@click.group()
def user() -> None:
    """Help people who cannot help themselves."""


@user.command("reset-two-factor")
@click.argument("email")
@click.pass_obj
def reset_two_factor(settings: Settings, email: str) -> None:
    """Let the password of EMAIL alone open the account, for who has lost app and recovery codes.

    Make sure first that it is them: call the number you know, and never one from the letter that asks. They
    are logged out everywhere and get a letter; the audit trail has an entry.
    """
    from app.server.people_commands import reset_two_factor as reset
    from app.server.resources import with_resources

    try:
        asyncio.run(with_resources(settings, lambda resources: reset(resources, email)))
    except (SettingsError, DomainError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{email} logs in with the password alone until they set up another app.")
