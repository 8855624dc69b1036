"""The edge: a route is live at once, only the authorized pass, and nobody meets a bare 404."""

import asyncio
import http.client
import http.server
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from redis.asyncio import Redis

from app.domain.workspaces.routing import Route, Routes
from app.embedded import traefik, valkey
from app.embedded.parts import free_port
from app.embedded.services import run

WORKSPACE = UUID(int=1)
HOST = "demo--acme.tezgah.localhost"


class App(http.server.BaseHTTPRequestHandler):
    """Stands for the web process and for an editor: it tells what it was asked."""

    def do_GET(self) -> None:
        allowed = "let-me-in" in (self.headers.get("Cookie") or "")
        asked_to_authorize = self.path.startswith(traefik.AUTHORIZE_PATH)
        self.send_response(401 if asked_to_authorize and not allowed else 200)
        if asked_to_authorize and allowed:
            self.send_header("X-Tezgah-User", "ayse")
            self.send_header("Cookie", "editor=1")
        names = ("Host", "X-Forwarded-Host", "X-Tezgah-User", "X_Tezgah_User", "Cookie")
        told = " ".join([self.path, *(f"{name}={self.headers.get(name)}" for name in names)]).encode()
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *arguments: object) -> None:
        """Keep the test's output free of access logs."""


@dataclass
class Edge:
    """A running Traefik, the Redis of its routes, and what it leads to."""

    port: int
    app_url: str
    redis_url: str

    def get(self, host: str = HOST, **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/editor?folder=x", headers={"Host": host, **headers})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def route(self) -> None:
        """Write a route as the workspaces do."""
        self.change(lambda routes: routes.write(Route(WORKSPACE, HOST.partition(".")[0], self.app_url)))
        self.wait_until(lambda answer: traefik.UNAVAILABLE_PATH not in answer)

    def unroute(self) -> None:
        """Take the route away as the workspaces do."""
        self.change(lambda routes: routes.remove(WORKSPACE))
        self.wait_until(lambda answer: traefik.UNAVAILABLE_PATH in answer)

    def change(self, act: Callable[[Routes], Awaitable[None]]) -> None:
        async def with_routes() -> None:
            routes = Routes(Redis.from_url(self.redis_url, decode_responses=True), "tezgah.localhost")
            try:
                await act(routes)
            finally:
                await routes.close()

        asyncio.run(with_routes())

    def wait_until(self, condition: Callable[[str], bool]) -> None:
        deadline = time.monotonic() + 5
        while not condition(self.get()[1]):
            assert time.monotonic() < deadline, "the route did not change in time"
            time.sleep(0.05)


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    home = tmp_path_factory.mktemp("edge")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), App)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    app_url = f"http://127.0.0.1:{server.server_address[1]}"
    store_port, port = free_port(), free_port()
    redis_url = valkey.url(store_port, "tried")
    part = traefik.part(
        home / "traefik",
        port=port,
        app_url=app_url,
        workspace_domain=f"tezgah.localhost:{port}",
        redis_url=redis_url,
    )
    with run(valkey.part(home / "valkey", store_port, "tried", throwaway=True), home), run(part, home):
        edge = Edge(port, app_url, redis_url)
        edge.wait_until(lambda answer: traefik.UNAVAILABLE_PATH in answer)
        yield edge
    server.shutdown()
    server.server_close()


@pytest.fixture
def routed(edge: Edge) -> Iterator[Edge]:
    edge.route()
    yield edge
    edge.unroute()


def test_a_host_without_a_route_gets_the_page_that_says_so(edge: Edge) -> None:
    status, told = edge.get()
    assert status == 200
    assert told.startswith(f"{traefik.UNAVAILABLE_PATH}?")
    assert f"X-Forwarded-Host={HOST}" in told


def test_a_host_outside_the_domain_gets_nothing(edge: Edge) -> None:
    assert edge.get("elsewhere.example")[0] == 404
    assert edge.get("a.b.tezgah.localhost")[0] == 404


def test_a_routed_host_is_closed_to_strangers(routed: Edge) -> None:
    assert routed.get()[0] == 401


def test_the_editor_sees_the_cookie_and_the_user_of_the_authorization_only(routed: Edge) -> None:
    forged = {"X-Tezgah-User": "mallory", "X_Tezgah_User": "mallory", "X-Forwarded-Host": "mallory.example"}
    status, told = routed.get(Cookie="let-me-in; session=secret", **forged)
    assert status == 200
    assert told.startswith("/editor?folder=x ")
    assert "X-Tezgah-User=ayse" in told
    assert "Cookie=editor=1" in told
    assert "mallory" not in told


def test_the_route_of_the_last_workspace_goes_with_it(edge: Edge) -> None:
    edge.route()
    edge.unroute()
    assert edge.get()[1].startswith(traefik.UNAVAILABLE_PATH)


def test_the_configuration_with_the_password_is_private(tmp_path: Path) -> None:
    part = traefik.part(
        tmp_path,
        port=1,
        app_url="http://127.0.0.1:2",
        workspace_domain="x",
        redis_url="redis://:secret@h:3/4",
    )
    configuration = tmp_path / "traefik.yaml"
    assert "secret" in configuration.read_text()
    assert "secret" not in " ".join(part.command)
    assert configuration.stat().st_mode & 0o077 == 0
