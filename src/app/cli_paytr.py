"""The commands `tezgah paytr`: sign a message, ask for a payment, check the connection."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click
import httpx

from app.domain.payments.gateway import GatewayError
from app.domain.payments.paytr.amounts import lira_text
from app.domain.payments.paytr.credentials import PaytrCredentials
from app.domain.payments.paytr.signing import FORMULAS, UnsignableFields
from app.domain.payments.paytr.signing import sign as token_of
from app.lib.clock import now
from app.lib.settings import Settings, SettingsError

if TYPE_CHECKING:
    from app.domain.payments.paytr.client import PaytrGateway
    from app.domain.payments.values import Inquiry

AMOUNTS: Final = frozenset({"amount", "total", "net", "commission"})
"""Kuruş in JSON, lira for people."""


@click.group()
def paytr() -> None:
    """Sign PayTR's messages, ask what became of a payment, check the connection."""


@paytr.command()
@click.argument("formula", type=click.Choice(sorted(FORMULAS)), metavar="FORMULA")
@click.option("--json", "as_json", is_flag=True, help="Print formula and token as JSON.")
def sign(formula: str, as_json: bool) -> None:
    """Compute the token of FORMULA for what stands on standard input, without asking anybody.

    Standard input holds one JSON object, or an array of them: merchant_id, merchant_key, merchant_salt
    and fields. One object prints its bare token, an array a token a line in the same order. Numbers are
    signed as they are written. An unknown formula or a missing field ends with exit code 2 and no token.
    """
    given = _read_questions(sys.stdin.buffer.read())
    questions = given if isinstance(given, list) else [given]
    tokens = [_token(formula, question, number) for number, question in enumerate(questions, start=1)]
    if not as_json:
        for token in tokens:
            click.echo(token)
        return
    rows = [{"formula": formula, "token": token} for token in tokens]
    click.echo(json.dumps(rows if isinstance(given, list) else rows[0]))


@paytr.command()
@click.argument("merchant_oid", metavar="OID")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def status(settings: Settings, merchant_oid: str, as_json: bool) -> None:
    """Ask PayTR what became of one attempt; fails only when PayTR cannot be asked.

    Amounts are lira; with --json they are kuruş.
    """
    if not re.fullmatch(r"[A-Za-z0-9]{1,64}", merchant_oid, re.ASCII):
        raise click.UsageError("OID must be 1 to 64 letters and digits.")
    facts = _facts(merchant_oid, _run(settings, lambda gateway, _: gateway.inquire(merchant_oid)))
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    for name, value in facts.items():
        click.echo(f"{name}: {_shown(name, value)}")
    if not facts["found"]:
        click.echo("No successful payment is known now. That does not prove that it failed.")


@paytr.command()
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def check(settings: Settings, as_json: bool) -> None:
    """Say whether credentials, permissions and callback address are right; fails when one is not."""
    from app.domain.payments.paytr.diagnosis import Verdict, diagnose

    callback_url = f"{settings.base_url}/webhooks/paytr"
    findings = _run(
        settings, lambda gateway, http: diagnose(gateway, http, callback_url=callback_url, at=now())
    )
    rows = [
        {"check": finding.part, "state": finding.verdict.value, "advice": finding.advice}
        for finding in findings
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
    else:
        for row in rows:
            click.echo(f"{row['state']:<15}  {row['check']:<17}  {row['advice']}")
    sys.exit(1 if any(finding.verdict is Verdict.WRONG for finding in findings) else 0)


def _read_questions(text: bytes) -> Any:
    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is no JSON")

    try:
        # What is signed is the text: 10.50 must not become 10.5 on the way.
        return json.loads(text, parse_float=str, parse_int=str, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"Standard input is not JSON: {error}") from error


def _token(formula: str, question: Any, number: int) -> str:
    """Return one token. Raises `UsageError` with the number of the object that is at fault."""
    if not isinstance(question, dict) or not isinstance(question.get("fields"), dict):
        raise click.UsageError(f"Object {number} is no JSON object with `fields`.")
    fields = question["fields"]
    for name, value in fields.items():
        if not isinstance(value, str):
            raise click.UsageError(f"Object {number}: field {name} is neither a text nor a number.")
    try:
        return token_of(formula, _credentials(formula, question), fields)
    except UnsignableFields as error:
        raise click.UsageError(f"Object {number}: {error}.") from error


def _credentials(formula: str, question: dict[str, Any]) -> PaytrCredentials:
    given = {"merchant_id": question["fields"].get("merchant_id"), **question}
    if "merchant_id" not in FORMULAS[formula]:
        given["merchant_id"] = "unsigned"
    names = ("merchant_id", "merchant_key", "merchant_salt")
    missing = [name for name in names if not isinstance(given.get(name), str) or not given[name].strip()]
    if missing:
        raise UnsignableFields(f"{formula} also needs {', '.join(missing)}")
    return PaytrCredentials(*(given[name] for name in names))


def _run(settings: Settings, question: Callable[["PaytrGateway", httpx.AsyncClient], Awaitable[Any]]) -> Any:
    async def ask() -> Any:
        async with _connected(settings) as (gateway, http):
            return await question(gateway, http)

    try:
        return asyncio.run(ask())
    except (GatewayError, SettingsError, ValueError) as error:
        raise click.ClickException(str(error)) from error


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[tuple["PaytrGateway", httpx.AsyncClient]]:
    from app.domain.payments.paytr.client import PaytrGateway
    from app.server.resources import paytr_credentials

    if not settings.paytr_base_url:
        raise SettingsError("Set TEZGAH_PAYTR_BASE_URL, or start the sandbox with `make run`.")
    async with httpx.AsyncClient() as http:
        yield PaytrGateway(paytr_credentials(settings), settings.paytr_base_url, http), http


def _facts(merchant_oid: str, inquiry: "Inquiry") -> dict[str, Any]:
    return {
        "merchant_oid": merchant_oid,
        "found": inquiry.found,
        "amount": inquiry.amount,
        "total": inquiry.total,
        "currency": inquiry.currency,
        "test_mode": inquiry.test_mode,
        "net": inquiry.net,
        "commission": inquiry.commission,
        "returns": [{"amount": item.amount, "reference": item.reference} for item in inquiry.returns],
    }


def _shown(name: str, value: Any) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        refunds = [f"{lira_text(item['amount'])} ({item['reference'] or 'no reference'})" for item in value]
        return "; ".join(refunds) or "none"
    return lira_text(value) if name in AMOUNTS else str(value)
