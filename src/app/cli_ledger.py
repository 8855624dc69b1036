"""The commands `tezgah ledger`: prove the book, and issue the documents it lacks."""

import json
import sys

import click

from app.cli_running import run, run_with, show
from app.lib.settings import Settings


@click.group()
def ledger() -> None:
    """Look after the book."""


@ledger.command("check")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def ledger_check(settings: Settings, as_json: bool) -> None:
    """Prove the whole book by every rule; succeeds when all of them hold."""
    from app.server.database import with_database
    from app.server.ledger_commands import check_ledger

    report = run(with_database(settings, check_ledger))
    broken = [rule for rule in report["rules"] if rule["breaks"]]
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False, default=str))
    else:
        for rule in report["rules"]:
            click.echo(f"{'broken' if rule['breaks'] else 'holds '}  {rule['rule']:<21} {rule['says']}")
            for found in rule["breaks"]:
                show([{"about": found["subject"], **row} for row in found["rows"]], as_json)
        size, rules, seconds = report["postings"], len(report["rules"]), report["seconds"]
        click.echo(f"{size} postings held against {rules} rules in {seconds:.2f} s, {len(broken)} broken")
    sys.exit(1 if broken else 0)


@ledger.command("credit-notes")
@click.argument("references", nargs=-1)
@click.option("--issue", is_flag=True, help="Issue them, dated today.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def ledger_credit_notes(settings: Settings, references: tuple[str, ...], issue: bool, as_json: bool) -> None:
    """List refunds without a credit note, or of some REFERENCES; succeeds when none is left."""
    from app.server.ledger_commands import credit_notes

    missing = run_with(settings, lambda resources: credit_notes(resources, references, issue=issue))
    show(missing, as_json)
    sys.exit(1 if missing and not issue else 0)
