"""The command `tezgah`: every command is a thin call into a service."""

import asyncio
import json
import sys
from datetime import datetime
from pathlib import Path

import click

from app.cli_clock import clock
from app.cli_ledger import ledger
from app.cli_paytr import paytr
from app.cli_running import run_with, show
from app.cli_secrets import secrets
from app.cli_user import user
from app.lib.money import Money
from app.lib.settings import Settings, SettingsError, load_settings
from app.sandbox.command import sandbox


@click.group()
@click.pass_context
def main(context: click.Context) -> None:
    """Run and look after a Tezgâh service."""
    try:
        context.obj = load_settings()
    except SettingsError as error:
        raise click.ClickException(str(error)) from error


@main.command()
def up() -> None:
    """Run the whole product on embedded parts until Ctrl-C."""
    from app.embedded.up import run

    sys.exit(run())


@main.command()
@click.pass_obj
def web(settings: Settings) -> None:
    """Serve the pages, the PayTR callback and the edge."""
    import uvicorn

    uvicorn.run(
        "app.asgi:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
    )


@main.command()
@click.option("--queue", "queues", multiple=True, help="Only these queues; all when left out.")
@click.pass_obj
def worker(settings: Settings, queues: tuple[str, ...]) -> None:
    """Run renewals, mails, documents and workspaces."""
    from app.server.worker import run_worker

    asyncio.run(run_worker(settings, queues))


main.add_command(sandbox)
main.add_command(ledger)
main.add_command(paytr)
main.add_command(clock)
main.add_command(user)
main.add_command(secrets)


@main.group()
def database() -> None:
    """Look after the schema."""


@database.command("upgrade")
@click.pass_obj
def database_upgrade(settings: Settings) -> None:
    """Bring the schema and the catalogue to their newest version."""
    from app.server.commands import upgrade

    run_with(settings, upgrade)


@database.command("check")
@click.pass_obj
def database_check(settings: Settings) -> None:
    """Say whether models and migrations agree."""
    from app.server.commands import drift

    differences = run_with(settings, drift)
    for difference in differences:
        click.echo(difference)
    sys.exit(1 if differences else 0)


@main.command()
@click.option("--companies", default=0, help="How many further companies, beside one in each state.")
@click.pass_obj
def seed(settings: Settings, companies: int) -> None:
    """Make demo companies in every state; what exists already stays."""
    from app.server.commands import demo

    if settings.is_production:
        raise click.ClickException("Demo companies are refused in production.")
    for line in run_with(settings, lambda resources: demo(resources, companies)):
        click.echo(line)


@main.group()
def operator() -> None:
    """Look after the people who run the service."""


@operator.command("create")
@click.argument("email")
@click.option("--name", default="", help="Shown beside decisions; the address when left out.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.pass_obj
def operator_create(settings: Settings, email: str, name: str, password_stdin: bool) -> None:
    """Add an operator of the console; one who exists stays as they are."""
    from app.server.commands import add_operator, operator_exists

    if run_with(settings, lambda resources: operator_exists(resources, email)):
        click.echo(f"{email} is an operator already; nothing was changed.")
        return
    password = (
        sys.stdin.readline().rstrip("\r\n")
        if password_stdin
        else click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    )
    run_with(settings, lambda resources: add_operator(resources, email, password, name))
    click.echo(f"{email} is an operator now. Log in at {settings.base_url}/login.")


@operator.command("list")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def operator_list(settings: Settings, as_json: bool) -> None:
    """List the operators, with their last login."""
    from app.server.commands import list_operators

    show(run_with(settings, list_operators), as_json)


@operator.command("remove")
@click.argument("email")
@click.pass_obj
def operator_remove(settings: Settings, email: str) -> None:
    """Take the console away from an operator and log them out everywhere; what they decided stays theirs."""
    from app.server.commands import dismiss_operator

    run_with(settings, lambda resources: dismiss_operator(resources, email))
    click.echo(f"{email} is no operator any more.")


@main.group()
def billing() -> None:
    """Run scheduled work by hand."""


@billing.command("run")
@click.option("--at", default="", help="Do what is due at this ISO instant instead of now.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def billing_run(settings: Settings, at: str, as_json: bool) -> None:
    """Make one pass over everything that is due."""
    from app.server.commands import billing_pass

    instant = datetime.fromisoformat(at) if at else None
    report = run_with(settings, lambda resources: billing_pass(resources, instant))
    show(report, as_json)
    sys.exit(1 if any(row["failed"] for row in report) else 0)


@billing.command("reconcile")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="A finished day of Türkiye.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def billing_reconcile(settings: Settings, day: datetime, as_json: bool) -> None:
    """Compare one day with PayTR's reports, to the kuruş; succeeds when nothing differs."""
    from app.server.commands import reconcile

    report = run_with(settings, lambda resources: reconcile(resources, day.date()))
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False, default=str))
    else:
        totals = [{"currency": currency, **one} for currency, one in report["totals"].items()]
        show([*totals, *report["differences"]], as_json)
        click.echo(report["error"] or f"{len(report['differences'])} differences on {day:%Y-%m-%d}")
    sys.exit(1 if report["error"] or report["differences"] else 0)


@billing.command("rehearse")
@click.option("--months", type=click.IntRange(1, 60), default=13, show_default=True)
@click.option("--days", type=click.IntRange(1, 31), default=None, help="Days instead of months, by the hour.")
@click.option("--at", default="", help="Begin at this ISO instant instead of now.")
@click.option(
    "--from",
    "dump",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Rehearse on this dump of pg_dump instead of on the database.",
)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def billing_rehearse(
    settings: Settings, months: int, days: int | None, at: str, dump: Path | None, as_json: bool
) -> None:
    """Live through the coming months or days on a copy: every charge, letter, document and restriction."""
    from app.lib.clock import now
    from app.rehearsal import command

    start = datetime.fromisoformat(at) if at else now()
    forecast, outcome = run_with(
        settings,
        lambda resources: command.rehearse(
            resources,
            start=start,
            months=months,
            days=days or 0,
            dump=dump,
            progress=command.show_progress,
        ),
    )
    click.echo(command.as_json(forecast, outcome) if as_json else command.as_text(forecast, outcome))
    sys.exit(1 if outcome.failures else 0)


@billing.command("forecast")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="A day of Türkiye; tomorrow when left out.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def billing_forecast(settings: Settings, day: datetime | None, as_json: bool) -> None:
    """Show a day's forecast beside what happened; today's and tomorrow's is made when there is none."""
    from app.server.commands import forecast_of

    report = run_with(settings, lambda resources: forecast_of(resources, day.date() if day else None))
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False, default=str))
    else:
        for row in report["figures"]:
            sides = "  ".join(f"{side} {_counted(row[side]):>24}" for side in ("expected", "happened"))
            click.echo(f"{row['figure']:<13} {row['of']:<22} {sides}")
        show(report["companies"], as_json)
        click.echo(f"{report['day']}: {report['reason'] or report['status']}")
    sys.exit(0 if report["status"] == "made" else 1)


@billing.command("cases")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def billing_cases(settings: Settings, as_json: bool) -> None:
    """List what a person has to decide; succeeds when there is nothing."""
    from app.server.commands import open_cases

    cases = run_with(settings, open_cases)
    show(cases, as_json)
    sys.exit(1 if cases else 0)


@main.command()
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def health(settings: Settings, as_json: bool) -> None:
    """Say whether database, schema and Redis are fit to serve."""
    from app.domain.ops.health import readiness

    checks = run_with(settings, lambda resources: readiness(resources.engine, resources.redis))
    show([{"part": part, "state": state} for part, state in checks.items()], as_json)
    sys.exit(0 if all(state == "ok" for state in checks.values()) else 1)


def _counted(side: dict[str, int] | None) -> str:
    """Return one side of a figure: how often, and the amount in whole units of its currency."""
    if side is None:
        return "-"
    return f"{side['count']} · {Money(side['amount']).major:,.2f}" if side["amount"] else str(side["count"])
