"""From a seed to requests: every route, every way of saying its fields, right and wrong."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from urllib.parse import quote, urlencode

from tests.fuzz.surface import Target
from tests.fuzz.values import RAW, value_for

PARAMETER = re.compile(r"{(\w+):(\w+)}")
BOUNDARY = "----a-boundary"


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as it goes over the wire, but for cookies and token."""

    method: str
    address: str
    headers: Mapping[str, str]
    body: bytes
    has_token: bool


def random_request(random: Random, target: Target, known: Mapping[str, Sequence[str]]) -> Sent:
    """Return a request to a target; `known` are ids that stand behind its path, ours and others'."""
    address = PARAMETER.sub(lambda found: _path_value(random, found, known), target.path)
    if query := _query(random, target.query):
        address += f"?{query}"
    headers: dict[str, str] = {}
    body = b""
    if target.method != "GET" or random.random() < 0.02:
        headers["content-type"], body = _body(random, target.form)
    if random.random() < 0.3:
        headers |= {"hx-request": "true", "hx-target": "content"}
    if random.random() < 0.2:
        headers["accept-language"] = random.choice(["en", "tr", "de", "*", "en;q=nan", "x" * 500])
    return Sent(target.method, address, headers, body, has_token=random.random() < 0.95)


def _path_value(random: Random, found: re.Match[str], known: Mapping[str, Sequence[str]]) -> str:
    name = found[1]
    ours = known.get(f"{name}:{found[2]}", ())
    value = random.choice(ours) if ours and random.random() < 0.75 else value_for(random, name)
    return quote(value.encode("utf-8", "surrogatepass"), safe="")[:2_000] or "-"


def _pairs(random: Random, names: Sequence[str]) -> list[tuple[str, str]]:
    pairs = [(name, value_for(random, name)) for name in names if random.random() < 0.9]
    if pairs and random.random() < 0.1:
        pairs.append((random.choice(pairs)[0], value_for(random, "again")))
    if random.random() < 0.1:
        pairs.append((value_for(random, "name")[:50], value_for(random, "value")))
    random.shuffle(pairs)
    return pairs


def _query(random: Random, names: Sequence[str]) -> str:
    query = urlencode(_pairs(random, names), errors="surrogatepass")
    return query + random.choice(RAW) if random.random() < 0.05 else query


def _body(random: Random, names: Sequence[str]) -> tuple[str, bytes]:
    pairs = _pairs(random, names)
    form = urlencode(pairs, errors="surrogatepass").encode()
    kind = random.random()
    if kind < 0.8:
        return "application/x-www-form-urlencoded", form
    if kind < 0.85:
        return "application/x-www-form-urlencoded", form + random.choice(RAW).encode()
    if kind < 0.9:
        return f"multipart/form-data; boundary={BOUNDARY}", _multipart(random, pairs)
    if kind < 0.95:
        return "application/json", json.dumps(dict(pairs)).encode()
    kinds = ["text/plain", "multipart/form-data", "application/json", "application/x-msgpack", "", "a/b;c"]
    return random.choice(kinds), random.choice([form, b"", b"{", b"\xff\xfe", b"[" * 2_000])


def _multipart(random: Random, pairs: Sequence[tuple[str, str]]) -> bytes:
    parts = []
    for name, value in pairs:
        file = '; filename="a.txt"' if random.random() < 0.2 else ""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{quote(name[:40])}"{file}\r\n\r\n'
        parts.append(head.encode() + value.encode("utf-8", "surrogatepass") + b"\r\n")
    ending = f"--{BOUNDARY}--\r\n".encode() if random.random() < 0.9 else b""
    return b"".join(parts) + ending
