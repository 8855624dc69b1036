"""The commands `tezgah secrets`: take what is stored along to a new secret key (docs/secrets.md)."""

import json
import sys
from typing import Any

import click

from app.cli_running import run, show
from app.lib.settings import Settings


@click.group()
def secrets() -> None:
    """Look after the secret key."""


@secrets.command("rotate")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def secrets_rotate(settings: Settings, as_json: bool) -> None:
    """Write anew what older keys have encrypted; succeeds when the newest key opens everything."""
    from app.server.database import with_database
    from app.server.secrets_commands import rotate_secrets

    report = run(with_database(settings, lambda maker: rotate_secrets(maker, settings.keys, tell_progress)))
    if as_json:
        click.echo(json.dumps(report, default=str))
    else:
        for row in report["unreadable"]:
            click.echo(f"unreadable: {row}")
        click.echo(f"{report['rewritten']} rows written anew under key {report['key']}")
        tell(report)
    sys.exit(1 if any(one["older"] or one["unreadable"] for one in report["columns"]) else 0)


@secrets.command("check")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def secrets_check(settings: Settings, as_json: bool) -> None:
    """Say what still needs an older key; succeeds when there is none, or it may be dropped."""
    from app.server.database import with_database
    from app.server.secrets_commands import check_secrets

    report = run(with_database(settings, lambda maker: check_secrets(maker, settings.keys)))
    if as_json:
        click.echo(json.dumps(report, default=str))
    else:
        show(report["columns"], as_json)
        tell(report)
    sys.exit(1 if report["reasons"] else 0)


def tell(report: dict[str, Any]) -> None:
    """Print what keeps the older keys, or that nothing does."""
    for reason in report["reasons"]:
        click.echo(reason)
    if not report["reasons"]:
        older = "Older keys may be dropped: unset TEZGAH_SECRET_KEY_PREVIOUS."
        click.echo(older if report["older_keys"] else "No older key is set, and none is needed.")


def tell_progress(table: str, rows: int) -> None:
    """Print how far a pass is, beside its result."""
    click.echo(f"{table}: {rows} rows looked at", err=True)
