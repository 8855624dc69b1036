"""`tezgah clock`: one company's time, in development and test."""

import json
import sys
from typing import Any

import click

from app.cli_running import run_with
from app.lib.settings import Settings


@click.group()
@click.pass_obj
def clock(settings: Settings) -> None:
    """Let one company live ahead of everybody else; refused in production."""
    from app.domain.billing.clocks.service import IN_PRODUCTION

    if settings.is_production:
        raise click.ClickException(IN_PRODUCTION)


@clock.command("set")
@click.argument("company")
@click.option("--at", "to", default="", help="Move the clock on to this ISO instant at once.")
@click.pass_obj
def clock_set(settings: Settings, company: str, to: str) -> None:
    """Put COMPANY (its short name, or its name) on a clock that stands at the present moment."""
    from app.server import clock_commands as commands

    tell(run_with(settings, lambda resources: commands.set_clock(resources, company, to, progress)))


@clock.command("advance")
@click.argument("company")
@click.option("--to", default="", help="An ISO instant; without an offset in local time of Türkiye.")
@click.option("--by", default="", help="A span: 1d, 7d, 1m, 1y.")
@click.pass_obj
def clock_advance(settings: Settings, company: str, to: str, by: str) -> None:
    """Move COMPANY's clock, with everything that falls due on the way; stays until it stands."""
    from app.server import clock_commands as commands

    if bool(to) == bool(by):
        raise click.UsageError("Say either --to or --by.")
    file = run_with(settings, lambda resources: commands.move_clock(resources, company, to, by, progress))
    tell(file)


@clock.command("release")
@click.argument("company")
@click.pass_obj
def clock_release(settings: Settings, company: str) -> None:
    """Let COMPANY return to real time, once that has reached its clock."""
    from app.server import clock_commands as commands

    run_with(settings, lambda resources: commands.free_clock(resources, company))
    click.echo(f"{company} lives in real time again.")


@clock.command("list")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def clock_list(settings: Settings, as_json: bool) -> None:
    """List the companies that live on a clock."""
    from app.server import clock_commands as commands

    rows = run_with(settings, commands.show_clocks)
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        click.echo("  ".join(f"{name}: {value}" for name, value in row.items() if value))


def progress(moved: Any) -> None:
    """Draw how far an advance has come."""
    from app.rehearsal.command import show_progress

    show_progress(moved.share_done)


def tell(file: Any) -> None:
    """Print where the clock stands and what the way there brought; fails when the engine failed on it."""
    from app.server.clock_commands import local

    row, counts = file.row, file.happened.counts
    happened = ", ".join(f"{count} × {kind.value.replace('_', ' ')}" for kind, count in counts.items())
    status = row.subscription_status.value if row.subscription_status else "canceled"
    if sys.stderr.isatty():
        click.echo(err=True)  # below the bar
    click.echo(f"{row.company.slug} is at {local(row.clock.at)}, {status}: {happened or 'nothing happened'}")
    if row.clock.error:
        raise click.ClickException(f"The engine failed there: {row.clock.error}")
