"""Callbacks: what PayTR posts to the merchant, signed, and repeated until the answer is exactly `OK`."""

import asyncio
from typing import Final

import httpx

from app.domain.payments.paytr.signing import sign
from app.lib.clock import now
from app.sandbox.book import Attempt, Book, Notice, Order
from app.sandbox.config import SandboxConfig

ANSWER_LIMIT: Final = 20.0
KEPT_CHARACTERS: Final = 200

REASONS: Final = {
    "0": "Kartınız reddedildi. Bankanızla görüşün veya başka bir kart deneyin",
    "1": "3D Secure doğrulaması yapılmadı: telefon numarası girilmedi",
    "2": "3D Secure doğrulaması başarısız: SMS şifresi hatalı",
    "3": "Güvenlik kontrolü onaylanmadı veya yapılamadı",
    "6": "Müşteri ödeme yapmaktan vazgeçti veya işlem süresi doldu",
    "8": "Bu kart ile seçilen taksit sayısı kullanılamaz",
    "9": "Bu kart ile işlem yetkisi bulunmuyor",
    "10": "Bu işlemde 3D Secure kullanılmalıdır",
    "11": "Güvenlik uyarısı: müşteriyi kontrol ediniz",
    "99": "Teknik entegrasyon hatası",
}
"""PayTR's decline codes for cards, each with a Turkish text as PayTR sends them."""


def success_form(order: Order) -> dict[str, str]:
    """Return the signed callback of a paid order."""
    total = order.amount if order.total_amount is None else order.total_amount
    facts = {**_unsigned(order), **_stored(order), "status": "success", "total_amount": str(total)}
    return signed(order, facts)


def failure_form(order: Order, code: str) -> dict[str, str]:
    """Return the signed callback of a declined card. Its total is 0, as PayTR's Turkish page says."""
    failure = {"failed_reason_code": code, "failed_reason_msg": REASONS.get(code, REASONS["0"])}
    return signed(order, {**_unsigned(order), **failure, "status": "failed", "total_amount": "0"})


def signed(order: Order, form: dict[str, str]) -> dict[str, str]:
    """Return a callback form with the hash of what it says now."""
    return {**form, "hash": sign("callback", order.merchant, form)}


def _unsigned(order: Order) -> dict[str, str]:
    return {
        "merchant_id": order.merchant.merchant_id,
        "merchant_oid": order.merchant_oid,
        "payment_type": "card",
        "payment_amount": str(order.amount),
        "currency": order.currency,
        "test_mode": order.test_mode,
        "installment_count": str(order.installment_count),
    }


def _stored(order: Order) -> dict[str, str]:
    if order.card is None:
        return {}
    return {"utoken": order.card.user_token, "ctoken": order.card.card_token}


class Courier:
    """Carries notices to the callback URL, each journey in a background task of its own."""

    def __init__(self, config: SandboxConfig, book: Book) -> None:
        self._config = config
        self._book = book
        limits = httpx.Limits(max_connections=config.callbacks_at_once)
        # One place in line a delivery: the wait for it is no part of the time the merchant has.
        self._line = asyncio.Semaphore(config.callbacks_at_once)
        self._http = httpx.AsyncClient(timeout=ANSWER_LIMIT, limits=limits, follow_redirects=False)
        self._journeys: set[asyncio.Task[None]] = set()

    def dispatch(self, order: Order, notices: list[Notice], *, delay: float = 0.0) -> None:
        """Send notices in the background, after `delay` seconds, each when the one before it is done."""
        if not notices:
            return
        journey = asyncio.create_task(self._travel(order, notices, delay))
        self._journeys.add(journey)
        journey.add_done_callback(self._journeys.discard)

    async def send(self, order: Order, notice: Notice) -> Attempt:
        """Send once and note how it went. Never raises: a fault is an answer that is not `OK`."""
        async with self._line:
            attempt = await self._deliver(notice)
        notice.attempts.append(attempt)
        self._book.save(order)
        return attempt

    async def close(self) -> None:
        """Stop every journey and close the connections."""
        for journey in tuple(self._journeys):
            journey.cancel()
        await asyncio.gather(*self._journeys, return_exceptions=True)
        await self._http.aclose()

    async def _deliver(self, notice: Notice) -> Attempt:
        at = now()
        try:
            async with asyncio.timeout(ANSWER_LIMIT):
                response = await self._http.post(self._config.callback_url, data=notice.form)
        except Exception as error:  # whatever broke this one, the next must come
            return Attempt(at, None, f"{type(error).__name__}: {error}"[:KEPT_CHARACTERS], False)
        accepted = response.status_code == 200 and response.content == b"OK"
        return Attempt(at, response.status_code, response.text[:KEPT_CHARACTERS], accepted)

    async def _travel(self, order: Order, notices: list[Notice], delay: float) -> None:
        await asyncio.sleep(delay)
        for notice in notices:
            notice.held_days = None
            await self._repeat(order, notice)
            notice.is_owed = False
            self._book.save(order)

    async def _repeat(self, order: Order, notice: Notice) -> None:
        await asyncio.gather(*(self.send(order, notice) for _ in range(notice.copies)))
        for _ in range(self._config.repeat_limit - notice.copies if notice.is_repeated else 0):
            if notice.accepted:
                break
            await asyncio.sleep(self._config.repeat_seconds)
            await self.send(order, notice)
        if notice.comes_again and notice.accepted:
            await self.send(order, notice)
