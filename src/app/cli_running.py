"""Running a command of `tezgah` and showing what it returns."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import click

from app.lib.errors import DomainError
from app.lib.settings import Settings, SettingsError


def run_with(settings: Settings, command: Callable[[Any], Awaitable[Any]]) -> Any:
    """Run one command on the process's resources and close them."""
    from app.server.resources import with_resources

    return run(with_resources(settings, command))


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run one command to its end; what it refuses is told as a sentence."""
    try:
        return asyncio.run(work)
    except (SettingsError, DomainError) as error:
        raise click.ClickException(str(error)) from error


def show(rows: list[dict[str, Any]], as_json: bool) -> None:
    """Print rows for people or for programs."""
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, default=str))
        return
    for row in rows:
        click.echo("  ".join(f"{name}: {value}" for name, value in row.items()))
