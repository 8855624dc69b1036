"""A load of prepared requests over keep-alive connections, lean enough to leave the cores to the server."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Measured:
    """Requests per second and latencies in milliseconds."""

    per_second: float
    p50: float
    p99: float
    bodies: list[bytes]


def post(path: str, body: bytes) -> bytes:
    """Return a prepared form post."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def get(path: str, cookie: str = "") -> bytes:
    """Return a prepared page request."""
    line = f"Cookie: {cookie}\r\n" if cookie else ""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{line}\r\n".encode()


async def drive(
    address: str,
    requests: Sequence[bytes],
    *,
    connections: int,
    per_second: float | None = None,
    status: int = 200,
) -> Measured:
    """Send every request once over so many connections; all have to answer with this status.

    As fast as the server takes them, or with `per_second` at that pace, whatever the server does; a
    latency then counts from the moment the request was due.
    """
    parts = urlsplit(address)
    waiting = enumerate(requests)
    latencies: list[float] = []
    bodies: list[bytes] = []
    start = time.perf_counter()

    async def connection() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        for number, request in waiting:
            began = time.perf_counter()
            if per_second is not None:
                # the clock of the arrivals runs on: a request that had to wait for us has waited
                began = max(start + number / per_second, start)
                await asyncio.sleep(began - time.perf_counter())
            writer.write(request)
            answered, body = await _answer(reader)
            latencies.append((time.perf_counter() - began) * 1000)
            if answered != status:
                raise RuntimeError(f"{answered}: {body[:300]!r}")
            bodies.append(body)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(connection() for _ in range(connections)))
    elapsed = time.perf_counter() - began
    return Measured(
        per_second=len(latencies) / elapsed,
        p50=statistics.median(latencies),
        p99=sorted(latencies)[int(len(latencies) * 0.99) - 1],
        bodies=bodies,
    )


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return status, await reader.readexactly(int(line.split(b":")[1]))
    raise RuntimeError("an answer without Content-Length")
