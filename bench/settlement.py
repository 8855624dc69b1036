"""First-time settlements through the web process ÷ pgbench running the very same statements."""

import asyncio
import re
import subprocess
from urllib.parse import urlencode, urlsplit

from app.domain.billing.settlement import store
from app.domain.invoices.service import ISSUE
from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.signing import sign
from app.embedded.postgres import programs
from app.lib.statements import Statement
from bench.load import Measured, drive, post
from bench.report import Row
from bench.seeding import seed_payments
from bench.stage import Stage, product_web

CONNECTIONS = 16
CLIENTS = 8
PAYMENTS = 2_400
AMOUNT = 297_000

# What the product sends as parameters, as pgbench writes it.
EXPRESSIONS = {
    "event_id": "gen_random_uuid()",
    "audit_id": "gen_random_uuid()",
    "id": "gen_random_uuid()",
    "line_id": "gen_random_uuid()",
    "merchant_oid": "'B' || (:client_id * 1000000 + :n)",
    "subject": "CAST(:payment_id AS text)",
    "request_id": "NULL",
    "address": "'127.0.0.1'",
    "source": "'callback'",
    "outcome": "'applied'",
    "action": "'subscription.activated'",
    "at": "now()",
    "inquire_at": "now()",
    "anchor_at": "now()",
    "slice_id": "gen_random_uuid()",
    "bought_start": "now()",
    "bought_end": "now() + interval '1 month'",
    "keeps_intentions": "FALSE",
    "journal_ids": "ARRAY[gen_random_uuid(), gen_random_uuid()]",
    "journal_kinds": "ARRAY['sale', 'payment']",
    "journal_subjects": "ARRAY[CAST(:order_id AS uuid), CAST(:payment_id AS uuid)]",
    "posting_kinds": "ARRAY['sale', 'sale', 'sale', 'payment', 'payment']",
    "posting_accounts": ("ARRAY['receivable', 'revenue', 'vat_payable', 'paytr_clearing', 'receivable']"),
    "posting_amounts": f"ARRAY[{AMOUNT}, -247500, -49500, {AMOUNT}, -{AMOUNT}]",
    "covered_start": "now()",
    "covered_end": "now() + interval '1 month'",
    "period_start": "now()",
    "period_end": "now() + interval '1 month'",
    "payload": '\'{"status": "success", "total_amount": "297000"}\'',
    "facts": '\'{"amount": 297000, "plan": "team", "currency": "TRY"}\'',
    "seller": '\'{"name": "Seller", "tax_number": "1234567890", "address": "Istanbul"}\'',
    "buyer": '\'{"name": "Buyer", "tax_number": "", "address": ""}\'',
    "collected": str(AMOUNT),
    "series": "'TZG'",
    "year": "2026",
    "plan_code": "'team'",
    "interval": "'month'",
    "language": "'tr'",
    "currency": "'TRY'",
    "net": "247500",
    "vat": "49500",
    "vat_basis_points": "2000",
    "total": str(AMOUNT),
    "description": "'Team plan, monthly'",
    "payment_reference": "'B'",
}


def measure(stage: Stage) -> list[Row]:
    """Measure pgbench first, then the product on payments of its own."""
    yardstick = pgbench(stage)
    oids = asyncio.run(seed_payments(stage, PAYMENTS, "B"))
    requests = [post("/webhooks/paytr", signed(oid)) for oid in oids]
    with product_web(stage) as (address, _):
        asyncio.run(drive(address, requests[:200], connections=CONNECTIONS))
        first = asyncio.run(drive(address, requests[200:], connections=CONNECTIONS))
    told_ok(first)
    return [
        Row("first-time settlements", first.per_second, "per s", yardstick, "pgbench, same statements", 0.25),
        Row("settlement p99", first.p99, "ms"),
    ]


def told_ok(measured: Measured) -> None:
    """Every callback has to be answered with exactly OK."""
    if set(measured.bodies) != {b"OK"}:
        raise RuntimeError("a callback was not answered with OK")


def signed(oid: str) -> bytes:
    """Return the body of a signed success."""
    form = {"merchant_oid": oid, "status": "success", "total_amount": str(AMOUNT)}
    return urlencode({**form, "hash": sign("callback", SANDBOX_MERCHANT, form)}).encode()


def pgbench(stage: Stage) -> float:
    """Return transactions per second of pgbench with the settlement's statements, 8 clients, prepared."""
    asyncio.run(seed_payments(stage, PAYMENTS, "unused"))
    asyncio.run(rename_for_clients(stage))
    script = stage.home / "settlement.sql"
    script.write_text(pgbench_script(), encoding="utf-8")
    url = urlsplit(stage.services.database_url)
    command = [
        str(programs() / "pgbench"),
        "-n",
        "-M",
        "prepared",
        "-c",
        str(CLIENTS),
        "-j",
        "2",
        "-t",
        str(PAYMENTS // CLIENTS),
        "-D",
        "n=0",
        "-f",
        str(script),
        "-h",
        url.hostname or "",
        "-p",
        str(url.port),
        "-U",
        url.username or "",
        url.path.lstrip("/"),
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
        env={"PGPASSWORD": url.password or ""},
    )
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    if found is None or "number of failed transactions: 0" not in done.stdout:
        raise RuntimeError(f"pgbench: {done.stdout}\n{done.stderr}")
    return float(found[1])


def pgbench_script() -> str:
    """Return one settlement as a pgbench transaction."""
    locked = sql(store.LOCKED).replace("AS payment_id, p.status", "AS payment_id, p.status AS payment_status")
    return "\n".join(
        [
            "\\set n :n + 1",
            "BEGIN;",
            f"{locked} \\gset",
            f"{sql(store.APPLY)};",
            f"{sql(ISSUE)};",
            "COMMIT;",
        ]
    )


def sql(statement: Statement) -> str:
    """Return a statement with the product's parameters written as pgbench takes them."""

    def written(match: re.Match[str]) -> str:
        name = match[1]
        return EXPRESSIONS.get(name, f":{name}")

    return re.sub(r"(?<![:\w]):(\w+)", written, statement.sql)


async def rename_for_clients(stage: Stage) -> None:
    """Give every client of pgbench its own run of payments."""
    import asyncpg

    connection = await asyncpg.connect(stage.services.database_url.replace("+asyncpg", ""))
    await connection.execute(
        "UPDATE payments SET merchant_oid = 'B' || ((n - 1) % $1 * 1000000 + (n - 1) / $1 + 1) "
        "FROM (SELECT id, row_number() OVER () AS n FROM payments) numbered WHERE numbered.id = payments.id",
        CLIENTS,
    )
    await connection.close()
