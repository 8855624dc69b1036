"""Decides what a run consists of: which parts, on which ports, and the settings that name them.

A part whose address the user has set (`TEZGAH_DATABASE_URL`, `_REDIS_URL`, `_SMTP_URL`,
`_PAYTR_BASE_URL`) is not started.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.embedded import postgres, traefik, valkey
from app.embedded.errors import PartError
from app.embedded.parts import Part, answers, listens
from app.embedded.state import Ports, passwords

WEB_PORT = 8000
SANDBOX_PORT = 8010
MAIL_HTTP_PORT = 8025
EDGE_PORT = 8080
WORKSPACE_HOST = "tezgah.localhost"


@dataclass
class Plan:
    """A run: `environment` is what every part is told, `notes` what the user is."""

    environment: dict[str, str] = field(default_factory=dict)
    stores: list[Part] = field(default_factory=list)
    helpers: list[Part] = field(default_factory=list)
    pages: list[Part] = field(default_factory=list)
    workers: list[Part] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    database_port: int = 0


class Planner:
    """Makes the plan of a home folder from the variables the user has set."""

    def __init__(self, home: Path, given: Mapping[str, str]) -> None:
        self.home = home
        self.given = given
        self.ports = Ports(home)
        self.passwords = passwords(home)
        self.plan = Plan()

    def make(self) -> Plan:
        """Choose every port first: the parts are told each other's addresses at their start."""
        self._set("TEZGAH_HOME", str(self.home))
        self._set("TEZGAH_SECRET_KEY", self.passwords["secret_key"])
        self._database()
        self._redis()
        self._web()
        self._mail()
        self._sandbox()
        self._edge()
        return self.plan

    def _given(self, name: str) -> str:
        return self.given.get(name, "")

    def _set(self, name: str, value: str) -> None:
        """Set a variable, unless the user has."""
        self.plan.environment[name] = self._given(name) or value

    def _port(self, name: str, preferred: int, what: str) -> int:
        """Choose a port and say so when it is not the one people expect."""
        port = self.ports.choose(name, preferred)
        if port != preferred:
            self.plan.notes.append(f"Port {preferred} is taken: {what} is on {port}.")
        return port

    def _database(self) -> None:
        if self._given("TEZGAH_DATABASE_URL"):
            return
        port, password, data = (
            self.ports.choose("postgres"),
            self.passwords["postgres"],
            self.home / "postgres",
        )
        self._set("TEZGAH_DATABASE_URL", postgres.url(port, password))
        self.plan.database_port = port
        self.plan.stores.append(postgres.part(data, port, password))

    def _redis(self) -> None:
        if self._given("TEZGAH_REDIS_URL"):
            return
        port, password = self.ports.choose("valkey"), self.passwords["valkey"]
        self._set("TEZGAH_REDIS_URL", valkey.url(port, password))
        self.plan.stores.append(valkey.part(self.home / "valkey", port, password))

    def _web(self) -> None:
        port = self._port("web", int(self._given("TEZGAH_PORT") or WEB_PORT), "Tezgâh")
        self.plan.environment["TEZGAH_PORT"] = str(port)
        self._set("TEZGAH_PUBLIC_URL", f"http://localhost:{port}")
        self.plan.pages.append(self._own_part("web", f"http://127.0.0.1:{port}/health/live"))
        self.plan.workers.append(self._own_part("worker", ""))

    def _mail(self) -> None:
        if self._given("TEZGAH_SMTP_URL"):
            return
        smtp, http = self.ports.choose("smtp"), self._port("mail", MAIL_HTTP_PORT, "the mail inbox")
        self._set("TEZGAH_SMTP_URL", f"smtp://127.0.0.1:{smtp}")
        self._set("TEZGAH_MAIL_INBOX_URL", f"http://127.0.0.1:{http}")
        options = ("--smtp-port", str(smtp), "--http-port", str(http), "--directory", str(self.home / "mail"))
        self.plan.helpers.append(
            Part(
                name="mail",
                command=(sys.executable, "-m", "app.embedded.mail_catcher", *options),
                ready=lambda: listens(smtp)() and listens(http)(),
                address=f"http://127.0.0.1:{http}",
            )
        )

    def _sandbox(self) -> None:
        if self._given("TEZGAH_PAYTR_BASE_URL"):
            return
        port, book = self._port("sandbox", SANDBOX_PORT, "the PayTR sandbox"), self.home / "sandbox.sqlite3"
        self._set("TEZGAH_PAYTR_BASE_URL", f"http://127.0.0.1:{port}")
        self.plan.helpers.append(
            Part(
                name="sandbox",
                command=(sys.executable, "-m", "app.sandbox", "--port", str(port), "--book", str(book)),
                ready=listens(port),
                address=f"http://127.0.0.1:{port}",
                environment=self.plan.environment,
            )
        )

    def _edge(self) -> None:
        host, _, wanted = (self._given("TEZGAH_WORKSPACE_DOMAIN") or WORKSPACE_HOST).partition(":")
        port = self._port("edge", int(wanted or EDGE_PORT), "the edge of the workspaces")
        environment = self.plan.environment
        environment["TEZGAH_WORKSPACE_DOMAIN"] = f"{host}:{port}"
        redis_url = self._given("TEZGAH_EDGE_REDIS_URL") or self._given("TEZGAH_REDIS_URL")
        try:
            self.plan.pages.append(
                traefik.part(
                    self.home / "traefik",
                    port=port,
                    app_url=f"http://127.0.0.1:{environment['TEZGAH_PORT']}",
                    workspace_domain=f"{host}:{port}",
                    redis_url=redis_url or environment["TEZGAH_REDIS_URL"],
                )
            )
        except PartError as error:
            self.plan.notes.append(str(error))

    def _own_part(self, name: str, health: str) -> Part:
        return Part(
            name=name,
            command=(str(Path(sys.executable).parent / "tezgah"), name),
            # A worker answers nobody; that it lives is all there is to see.
            ready=answers(health) if health else lambda: True,
            address=self.plan.environment["TEZGAH_PUBLIC_URL"] if health else "",
            environment=self.plan.environment,
        )
