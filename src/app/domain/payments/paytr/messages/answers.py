"""Reading PayTR's answers: JSON or nothing, and amounts in lira with a comma or a dot."""

import json
from collections.abc import Mapping
from typing import Any

from app.domain.payments.gateway import GatewayUnreachable
from app.domain.payments.paytr.amounts import UnreadableAmount, kurus_from_lira

Answer = dict[str, Any]


def read_json(body: str) -> Any:
    """Return a JSON body. Raises `GatewayUnreachable` for anything else: then PayTR did not answer."""
    # JSON numbers with a point stay text: a float must not come near an amount.
    try:
        return json.loads(body, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise GatewayUnreachable("the answer is not JSON") from error


def read_object(body: str) -> Answer:
    """Return a JSON object; raises like `read_json`."""
    answer = read_json(body)
    if not isinstance(answer, dict):
        raise GatewayUnreachable("the answer is not a JSON object")
    return answer


def text_of(answer: Mapping[str, Any], *names: str) -> str:
    """Return the text of the first of these fields that holds one, or the empty text."""
    for name in names:
        value = answer.get(name)
        if isinstance(value, str | int) and str(value).strip():
            return str(value).strip()
    return ""


def lira_of(answer: Mapping[str, Any], *names: str) -> int:
    """Return the kuruş of the first of these fields that is there. Raises `GatewayUnreachable`."""
    try:
        return kurus_from_lira(text_of(answer, *names))
    except UnreadableAmount as error:
        raise GatewayUnreachable(f"the answer holds no readable {names[0]}: {error}") from error


def refusal_text(answer: Mapping[str, Any], otherwise: str) -> str:
    """Return PayTR's own words for a refusal, which it keeps under three names."""
    return text_of(answer, "err_msg", "reason", "msg") or otherwise


def is_true(text: str) -> bool | None:
    """Return what a flag says: PayTR writes `1`, `y`, `Y`, `true`; nothing when it says nothing."""
    word = text.lower()
    if word in {"1", "y", "yes", "true"}:
        return True
    return False if word in {"0", "n", "no", "false"} else None
