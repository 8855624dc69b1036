"""The edge of a production service: the very files, read by the very Traefik."""

import contextlib
import http.client
import http.server
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from app.embedded import traefik, valkey
from app.embedded.parts import Part, free_port, listens
from app.embedded.services import run

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "traefik"
APP_HOST, WORKSPACE_HOST = "app.tezgah.test", "work.tezgah.test"


class App(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        told = f"{self.path} {self.headers.get('X-Forwarded-Proto')}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *arguments: object) -> None:
        """Keep the test's output free of access logs."""


@dataclass
class Edge:
    plain: int
    secure: int
    log: Path

    def get(self, host: str, path: str) -> tuple[int, str]:
        # The certificate is Traefik's own stand-in: what is tried here is routing, not trust.
        context = ssl._create_unverified_context()  # noqa: S323 as the line above says
        connection = http.client.HTTPSConnection("127.0.0.1", self.secure, timeout=5, context=context)
        try:
            connection.request("GET", path, headers={"Host": host})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    home = tmp_path_factory.mktemp("edge")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), App)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    store, plain, secure = free_port(), free_port(), free_port()
    part = Part(
        name="traefik",
        command=(str(traefik.program()), f"--configfile={rendered(home, store, plain, secure)}"),
        ready=listens(secure),
        environment={
            "TEZGAH_APP_HOST": APP_HOST,
            "TEZGAH_WORKSPACE_HOST": WORKSPACE_HOST,
            "TEZGAH_APP_ADDRESS": f"127.0.0.1:{server.server_address[1]}",
        },
    )
    with run(valkey.part(home / "valkey", store, "tried", throwaway=True), home), run(part, home):
        edge = Edge(plain, secure, home / "logs" / "traefik.log")
        wait_for_routes(edge)
        yield edge
    server.shutdown()
    server.server_close()


def rendered(home: Path, store: int, plain: int, secure: int) -> Path:
    """Write the files with this test's ports, and without certificates, which no machine of ours has."""
    static = yaml.safe_load((FOLDER / "traefik.yaml").read_text(encoding="utf-8"))
    static["entryPoints"]["plain"]["address"] = f"127.0.0.1:{plain}"
    static["entryPoints"]["web"]["address"] = f"127.0.0.1:{secure}"
    static["providers"]["redis"] |= {"endpoints": [f"127.0.0.1:{store}"], "password": "tried"}
    static["providers"]["file"]["directory"] = str(home / "dynamic")
    (home / "dynamic").mkdir()
    dynamic = (FOLDER / "dynamic" / "tezgah.yaml").read_text(encoding="utf-8")
    (home / "dynamic" / "tezgah.yaml").write_text(dynamic.split("\ntls:\n")[0], encoding="utf-8")
    path = home / "traefik.yaml"
    path.write_text(yaml.safe_dump(static), encoding="utf-8")
    return path


def wait_for_routes(edge: Edge) -> None:
    """Wait until Traefik has read its dynamic files; before that it has not even a certificate."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if edge.get(APP_HOST, "/")[0] == 200:
                return
        time.sleep(0.1)


def test_the_service_is_reached_over_https_and_told_so(edge: Edge) -> None:
    assert edge.get(APP_HOST, "/dashboard") == (200, "/dashboard https")


@pytest.mark.parametrize("path", ["/metrics", "/edge/authorize", "/edge/unavailable"])
def test_what_is_meant_for_machines_inside_stays_inside(edge: Edge, path: str) -> None:
    assert edge.get(APP_HOST, path)[0] == 404


def test_plain_http_is_sent_to_https(edge: Edge) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", edge.plain, timeout=5)
    connection.request("GET", "/pricing", headers={"Host": APP_HOST})
    answer = connection.getresponse()
    connection.close()
    assert answer.status in {301, 308}
    assert (answer.getheader("Location") or "").startswith("https://")


def test_a_workspace_that_does_not_run_gets_the_page_that_says_so(edge: Edge) -> None:
    assert edge.get(f"demo--acme.{WORKSPACE_HOST}", "/")[1].startswith(traefik.UNAVAILABLE_PATH)
    assert edge.get("demo--acme.elsewhere.test", "/")[0] == 404


def test_traefik_finds_no_fault_with_the_files(edge: Edge) -> None:
    log = edge.log.read_text(encoding="utf-8")
    assert '"level":"error"' not in log
    assert "alias" not in log.lower()
