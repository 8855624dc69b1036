"""`tezgah sandbox` and `python -m app.sandbox`: one command with the same options under both names."""

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from app.domain.payments.paytr.credentials import PaytrCredentials
from app.lib.settings import Settings, SettingsError, load_settings
from app.sandbox.config import DEFAULT_PORT, Permission, SandboxConfig, sandbox_config
from app.sandbox.faults import Fault


class Merchant(click.ParamType[PaytrCredentials]):
    """`ID:KEY:SALT`."""

    name = "ID:KEY:SALT"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        """Return the credentials of the text."""
        parts = str(value).split(":")
        if len(parts) != 3 or not all(part.strip() for part in parts):
            self.fail("write merchant id, key and salt with a colon between them", param, context)
        return PaytrCredentials(*parts)


class Denial(click.ParamType[tuple[str, Permission]]):
    """`ID:PERMISSION`."""

    name = "ID:PERMISSION"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        """Return merchant id and permission of the text."""
        merchant_id, _, permission = str(value).partition(":")
        try:
            return merchant_id, Permission(permission.replace("-", "_"))
        except ValueError:
            self.fail(f"write a merchant id, a colon and one of {', '.join(Permission)}", param, context)


class FaultRate(click.ParamType[tuple[Fault, float]]):
    """`KIND=RATE`."""

    name = "KIND=RATE"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        """Return fault and chance of the text."""
        kind, _, rate = str(value).partition("=")
        try:
            return Fault(kind.replace("-", "_")), float(rate)
        except ValueError:
            self.fail(f"write one of {', '.join(Fault)}, then = and a chance like 0.1", param, context)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=DEFAULT_PORT, show_default=True)
@click.option("--callback-url", help="Where callbacks go. [default: the webhook of the settings]")
@click.option(
    "--merchant", "merchants", multiple=True, type=Merchant(), help="A merchant to know; repeatable."
)
@click.option(
    "--deny", "denied", multiple=True, type=Denial(), help="A permission PayTR did not grant; repeatable."
)
@click.option(
    "--commission-basis-points",
    default=299,
    show_default=True,
    type=click.IntRange(0, 5000),
    help="What PayTR keeps of a single payment.",
)
@click.option(
    "--payout-business-days",
    default=1,
    show_default=True,
    type=click.IntRange(1, 60),
    help="From sale to payout.",
)
@click.option("--decision-seconds", default=2.0, show_default=True, help="From wait_callback to the end.")
@click.option("--repeat-seconds", default=3.0, show_default=True, help="Between callbacks without OK.")
@click.option("--repeat-limit", default=200, show_default=True, help="Callbacks before giving up.")
@click.option(
    "--callbacks-at-once", default=32, show_default=True, help="Callbacks on their way at a moment."
)
@click.option("--seed", help="Decides which orders faults strike. [default: a new one]")
@click.option("--fault-rate", default=0.0, show_default=True, help="Chance of every fault for every order.")
@click.option("--fault", "faults", multiple=True, type=FaultRate(), help="Chance of one fault; repeatable.")
@click.option("--late-seconds", type=float, help="How long a late callback waits. [default: for its release]")
@click.option("--slow-seconds", default=5.0, show_default=True, help="How long a slow answer takes.")
@click.option("--book", type=click.Path(dir_okay=False, path_type=Path), help="A file that keeps the book.")
@click.pass_context
def sandbox(context: click.Context, /, **options: Any) -> None:
    """Serve a PayTR that takes no money, on this machine; refused in production."""
    from app.sandbox.app import serve

    try:
        config = _config(context.obj or load_settings(), **options)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    click.echo(introduction(config))
    try:
        serve(config)
    except sqlite3.Error as error:
        raise click.ClickException(f"The book {config.book_path} cannot be kept: {error}.") from error


def introduction(config: SandboxConfig) -> str:
    """Return what to set in the shop that is to be rehearsed. Keys and salts stay out of it."""
    merchants = ", ".join(merchant.merchant_id for merchant in config.merchants)
    struck = ", ".join(f"{fault} {rate:g}" for fault, rate in config.fault_rates.items() if rate) or "none"
    return "\n".join(
        (
            f"PayTR sandbox on {config.base_url} (orders, cards, payouts and faults: open it in a browser)",
            f"  in your shop     {config.base_url} wherever it says https://www.paytr.com",
            f"  merchants        {merchants}, with the key and salt of each",
            f"  callbacks go to  {config.callback_url} until it answers exactly OK",
            f"  seed             {config.seed}; faults: {struck}",
            f"  book             {config.book_path or 'in memory, ends with this process'}",
        )
    )


def _config(
    settings: Settings,
    *,
    host: str,
    port: int,
    callback_url: str | None,
    merchants: tuple[PaytrCredentials, ...],
    seed: str | None,
    fault_rate: float,
    faults: tuple[tuple[Fault, float], ...],
    book: Path | None,
    denied: tuple[tuple[str, Permission], ...],
    **plain: Any,
) -> SandboxConfig:
    config = sandbox_config(settings, host=host, port=port)
    given = {merchant.merchant_id for merchant in merchants}
    known = tuple(merchant for merchant in config.merchants if merchant.merchant_id not in given)
    rates = dict.fromkeys(Fault, fault_rate) | dict(faults)
    return replace(
        config,
        callback_url=callback_url or config.callback_url,
        merchants=(*merchants, *known),
        seed=seed or config.seed,
        fault_rates={fault: rate for fault, rate in rates.items() if rate},
        book_path=book,
        denied=frozenset(denied),
        **plain,
    )
