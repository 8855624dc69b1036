"""How PayTR misbehaves here, and when: on command for one order, or at a rate that a seed decides.

A decision depends on the seed, the fault and the order's oid (or a refund's reference) alone, never on
time or on what came before: the same seed plays the same faults however requests interleave.
"""

import hashlib
import hmac
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final


class Fault(StrEnum):
    """Everything that can go wrong; `MEANING` says what each one does."""

    EARLY = "early"
    DUPLICATE = "duplicate"
    BURST = "burst"
    NEVER = "never"
    LATE = "late"
    SUCCESS_AFTER_FAILED = "success_after_failed"
    FAILED_AFTER_SUCCESS = "failed_after_success"
    WRONG_HASH = "wrong_hash"
    SURCHARGE = "surcharge"
    OTHER_CURRENCY = "other_currency"
    TEST_FLAG = "test_flag"
    WAIT_THEN_PAID = "wait_then_paid"
    WAIT_THEN_FAILED = "wait_then_failed"
    LOST_ANSWER = "lost_answer"
    REFUND_HALF_DONE = "refund_half_done"
    SLOW = "slow"
    SERVER_ERROR = "server_error"
    NOT_JSON = "not_json"
    ROW_MISSING = "row_missing"
    ROW_DOUBLED = "row_doubled"
    ROW_AMOUNT = "row_amount"
    ROW_DATE = "row_date"
    ROW_CURRENCY = "row_currency"


MEANING: Final = {
    Fault.EARLY: "the callback arrives before the answer of get-token or of the charge",
    Fault.DUPLICATE: "the callback comes again after it was answered OK",
    Fault.BURST: "the callback comes ten times at once",
    Fault.NEVER: "no callback at all",
    Fault.LATE: "the callback comes days later: held back until it is released",
    Fault.SUCCESS_AFTER_FAILED: "a failed callback first, the true success after it",
    Fault.FAILED_AFTER_SUCCESS: "the true success first, a failed callback after it",
    Fault.WRONG_HASH: "a callback with a wrong hash first, the right one after it",
    Fault.SURCHARGE: "instalments: more is collected than was asked",
    Fault.OTHER_CURRENCY: "another currency is collected than was asked",
    Fault.TEST_FLAG: "a live order is collected as a test, a test order as a live one",
    Fault.WAIT_THEN_PAID: "a charge is answered wait_callback, success follows by callback",
    Fault.WAIT_THEN_FAILED: "a charge is answered wait_callback, failure follows by callback",
    Fault.LOST_ANSWER: "the request is done, then the connection is cut before the answer",
    Fault.REFUND_HALF_DONE: "the refund is done, but the answer is a cut connection or HTTP 500",
    Fault.SLOW: "the request is done, the answer takes its time",
    Fault.SERVER_ERROR: "HTTP 502, nothing is done",
    Fault.NOT_JSON: "the request is done, the answer is an HTML page",
    Fault.ROW_MISSING: "the order's row is missing from the reports",
    Fault.ROW_DOUBLED: "the order's row stands in the reports twice",
    Fault.ROW_AMOUNT: "the order's row in the reports has another amount",
    Fault.ROW_DATE: "the order's row in the reports has another date",
    Fault.ROW_CURRENCY: "the order's row in the reports has another currency",
}

ANSWER_FAULTS: Final = frozenset(
    {Fault.LOST_ANSWER, Fault.REFUND_HALF_DONE, Fault.SLOW, Fault.SERVER_ERROR, Fault.NOT_JSON}
)
"""Those that strike the answer of a request, whatever it is about."""

_UNIT: Final = 1 << 64


class FaultPlan:
    """Which faults strike what.

    `rates` are chances between 0 and 1. A script replaces them for one order; an expectation adds faults
    to the next request to a path.
    """

    def __init__(self, seed: str = "", rates: Mapping[Fault, float] | None = None) -> None:
        self.seed = seed
        self.rates = dict(rates or {})
        self._scripts: dict[str, frozenset[Fault]] = {}
        self._seeded: dict[str, frozenset[Fault]] = {}
        self._expected: dict[str, deque[frozenset[Fault]]] = defaultdict(deque)
        self._struck: dict[str, set[tuple[Fault, str]]] = {}

    def of(self, key: str) -> frozenset[Fault]:
        """Return the faults of an oid or reference: its script, else what the seed decides."""
        if key in self._scripts:
            return self._scripts[key]
        if key not in self._seeded:
            struck = (fault for fault, rate in self.rates.items() if self.chance(fault, key) < rate)
            self._seeded[key] = frozenset(struck)
        return self._seeded[key]

    def strikes(self, fault: Fault, key: str) -> bool:
        """Say whether one fault strikes an oid or reference."""
        return fault in self.of(key)

    def script(self, key: str, faults: Iterable[Fault]) -> None:
        """Let exactly these faults strike an oid or reference, which may still be unknown."""
        self._scripts[key] = frozenset(faults)
        self._struck.pop(key, None)

    def scripted(self) -> dict[str, frozenset[Fault]]:
        """Return every script by its oid or reference."""
        return dict(self._scripts)

    def expect(self, path: str, faults: Iterable[Fault], times: int = 1) -> None:
        """Let these faults strike the answers of the next requests to a path."""
        self._expected[path].extend([frozenset(faults)] * times)

    def expected(self) -> dict[str, int]:
        """Return how many requests are still to be struck, by path."""
        return {path: len(queue) for path, queue in self._expected.items() if queue}

    def answer_faults(self, path: str, key: str, merchant_oid: str = "") -> frozenset[Fault]:
        """Return what strikes the answer of this request, and use it up.

        A fault strikes the first request about a key to a path and no later one, so that asking again
        helps. The script of the order counts for its refunds as well.
        """
        if self._expected[path]:
            return self._expected[path].popleft()
        if not key:
            return frozenset()
        decided = self._scripts.get(merchant_oid) if key not in self._scripts else None
        meant = ANSWER_FAULTS & (self.of(key) if decided is None else decided)
        struck = self._struck.setdefault(key, set()) if meant else set()
        fresh = frozenset(fault for fault in meant if (fault, path) not in struck)
        struck.update((fault, path) for fault in fresh)
        return fresh

    def chance(self, purpose: str, key: str) -> float:
        """Return a number in [0, 1) that hangs on seed, purpose and key alone."""
        digest = hmac.digest(self.seed.encode(), f"{purpose}\0{key}".encode(), hashlib.sha256)
        return int.from_bytes(digest[:8]) / _UNIT

    def number(self, purpose: str, key: str, lowest: int, highest: int) -> int:
        """Return a whole number from `lowest` to `highest` that hangs on seed, purpose and key alone."""
        return lowest + int(self.chance(purpose, key) * (highest - lowest + 1))
