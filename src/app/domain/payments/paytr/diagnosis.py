"""Is the connection with PayTR set up right? Asks what can be asked without moving money.

Every finding says what to do. PayTR's panel itself cannot be read, so what stands there stays unknown.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import httpx

from app.domain.payments.gateway import GatewayRefused, GatewayUnreachable
from app.domain.payments.paytr.client import PaytrGateway
from app.domain.payments.paytr.messages.answers import read_object, text_of
from app.domain.payments.paytr.messages.status import InquiryRefused
from app.lib.ids import random_reference
from app.lib.settings import is_local

CALLBACK_LIMIT: Final = 15.0
TEST_BIN: Final = "435508"
"""Of the first test card that PayTR publishes."""

_BLAME: Final = {
    "001": "PayTR does not know the merchant, or the shop is not active. Check TEZGAH_PAYTR_MERCHANT_ID.",
    "003": (
        "The merchant is known, the signature is wrong. Check TEZGAH_PAYTR_MERCHANT_KEY and "
        "TEZGAH_PAYTR_MERCHANT_SALT: swapped, or of another shop?"
    ),
}
_ASK: Final = "Ask PayTR to switch it on for your shop."


class Verdict(StrEnum):
    """What is known of one part."""

    RIGHT = "ok"
    WRONG = "not ok"
    UNKNOWN = "cannot be known"


@dataclass(frozen=True, slots=True)
class Finding:
    """One part, what is known of it, and what to do."""

    part: str
    verdict: Verdict
    advice: str


async def diagnose(
    gateway: PaytrGateway, http: httpx.AsyncClient, *, callback_url: str, at: datetime
) -> list[Finding]:
    """Return a finding for each part; asks PayTR and the callback address, and moves no money."""
    credentials = await _credentials(gateway)
    findings = [credentials]
    if credentials.verdict is Verdict.RIGHT:
        findings += [
            await _permission("stored cards", gateway.list_cards(random_reference("CHECK", 32))),
            await _permission("BIN query", gateway.bin_detail(TEST_BIN)),
            await _permission("reports", gateway.transactions(at - timedelta(hours=1), at)),
        ]
    else:
        hint = "Mend the credentials first."
        findings += [
            Finding(part, Verdict.UNKNOWN, hint) for part in ("stored cards", "BIN query", "reports")
        ]
    findings.append(
        Finding(
            "recurring charges",
            Verdict.UNKNOWN,
            "Only a charge would tell. They need the permissions Non3D and recurring payment: ask PayTR.",
        )
    )
    findings.append(await _callback(http, callback_url, pays_for_real=not is_local(gateway.base_url)))
    return findings


async def _credentials(gateway: PaytrGateway) -> Finding:
    part = "credentials"
    try:
        inquiry = await gateway.inquire(random_reference("CHECK", 32))
    except InquiryRefused as refusal:
        return Finding(part, Verdict.WRONG, _BLAME.get(refusal.code, f"PayTR says {refusal.reason}."))
    except GatewayUnreachable as error:
        advice = f"PayTR did not answer at {gateway.base_url} ({error}). Check TEZGAH_PAYTR_BASE_URL."
        return Finding(part, Verdict.WRONG, advice)
    if text_of(read_object(inquiry.raw), "err_no") != "004":
        return Finding(part, Verdict.UNKNOWN, "PayTR answered without a number. Try again later.")
    return Finding(part, Verdict.RIGHT, "PayTR knows the merchant and takes its signature.")


async def _permission(part: str, question: Awaitable[object]) -> Finding:
    try:
        await question
    except GatewayRefused as refusal:
        return Finding(part, Verdict.WRONG, f"PayTR says: {refusal.reason.rstrip('.')}. {_ASK}")
    except GatewayUnreachable as error:
        return Finding(part, Verdict.UNKNOWN, f"No answer ({error}). Try again later.")
    return Finding(part, Verdict.RIGHT, "PayTR answers.")


async def _callback(http: httpx.AsyncClient, url: str, *, pays_for_real: bool) -> Finding:
    part = "callback address"
    if pays_for_real and is_local(url):
        return Finding(part, Verdict.WRONG, f"{url} is this machine; PayTR needs a public TEZGAH_PUBLIC_URL.")
    forged = {"merchant_oid": "CHECK", "status": "success", "total_amount": "100", "hash": "forged"}
    try:
        async with asyncio.timeout(CALLBACK_LIMIT):
            answer = await http.post(url, data=forged, timeout=CALLBACK_LIMIT, follow_redirects=False)
    except (httpx.HTTPError, TimeoutError) as error:
        return Finding(part, Verdict.WRONG, f"Nothing answers at {url} ({type(error).__name__}). Start it.")
    if answer.status_code == 400:
        advice = f"{url} refuses a forged message. PayTR's panel must name exactly it as Bildirim URL."
        return Finding(part, Verdict.RIGHT, advice)
    return Finding(part, Verdict.WRONG, f"{url} answered {answer.status_code}: {_reason(answer)}")


def _reason(answer: httpx.Response) -> str:
    status = answer.status_code
    if answer.is_redirect:
        return "PayTR does not follow. Give TEZGAH_PUBLIC_URL the address it leads to."
    if answer.is_success:
        return "a forged message was not refused, so this is not the service. Look what answers there."
    if status in {401, 403, 429}:
        return "something in front turns PayTR away (login, bot check, limit). Let this path through."
    if status == 404:
        return "the service is not behind this address. Check TEZGAH_PUBLIC_URL and the proxy."
    return "the service or its proxy is at fault. Read its log."
