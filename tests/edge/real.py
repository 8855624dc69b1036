"""The real edge: Traefik with the product's own configuration before the web application on a real port."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn
from litestar import Litestar

from app.embedded import traefik
from app.embedded.parts import free_port
from app.embedded.services import run
from app.lib.settings import Settings

SECONDS = 10.0


@dataclass(frozen=True)
class Front:
    """The address under which Traefik listens."""

    port: int

    async def get(self, host: str, path: str = "/", **headers: str) -> httpx.Response:
        """Send one request for a workspace's host; nothing is remembered and no redirect followed."""
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}") as client:
            return await client.get(path, headers={"Host": host, "Accept": "text/html", **headers})

    async def until(self, status: int, host: str, path: str = "/", **headers: str) -> float:
        """Ask again until the answer has this status, and return the seconds that took."""
        clock = asyncio.get_running_loop().time
        began = clock()
        while (answer := await self.get(host, path, **headers)).status_code != status:
            assert clock() - began < SECONDS, f"still {answer.status_code}: {answer.text[:200]}"
            await asyncio.sleep(0.02)
        return clock() - began


@contextlib.asynccontextmanager
async def real_edge(application: Litestar, settings: Settings, folder: Path) -> AsyncIterator[Front]:
    """Run the web application and Traefik until the block ends."""
    async with serving(application) as app_port:
        part = traefik.part(
            folder,
            port=(port := free_port()),
            app_url=f"http://127.0.0.1:{app_port}",
            workspace_domain=settings.workspace_domain,
            redis_url=settings.redis_url,
        )
        with contextlib.ExitStack() as running:
            await asyncio.to_thread(running.enter_context, run(part, folder))
            yield Front(port)


@contextlib.asynccontextmanager
async def serving(application: Litestar) -> AsyncIterator[int]:
    """Serve the application in this event loop on a loopback port."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(application, lifespan="off", proxy_headers=False, log_level="warning")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve([listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await asyncio.wait_for(task, SECONDS)


@contextlib.asynccontextmanager
async def mirror() -> AsyncIterator[str]:
    """A backend that answers with the headers it got, as JSON."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[1:]
                headers = dict(line.lower().split(": ", 1) for line in lines if line)
                body = json.dumps(headers).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
