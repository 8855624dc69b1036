"""`tezgah up`: the whole product on this machine, from an empty folder to a printed address."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from app.embedded import postgres
from app.embedded.code_server import code_server_command
from app.embedded.errors import PartError
from app.embedded.parts import Part
from app.embedded.plan import Plan, Planner
from app.embedded.processes import end, spawn, stop_together, tail
from app.embedded.state import Prepared, forget, only_run, remembered_processes, write_environment
from app.embedded.supervisor import Supervisor, stops_on_signals, undisturbed
from app.lib.settings import read_environment_file

ONCE_SECONDS = 180
LEFTOVER_SECONDS = 3.0


def run(given: Mapping[str, str] | None = None) -> int:
    """Run everything until Ctrl-C; the exit code is 0 when it was told to stop, 1 when it could not run."""
    given = {**read_environment_file(Path(".env")), **os.environ} if given is None else given
    if given.get("TEZGAH_ENV") == "production":
        say("`tezgah up` is for trying out and developing; deploy/README.md tells how a service is set up.")
        return 1
    home = Path(given.get("TEZGAH_HOME") or ".tezgah").absolute()
    try:
        with stops_on_signals(), only_run(home):
            return Up(home, given).run()
    except PartError as error:
        say(f"✗ {error}")
        return 1
    except KeyboardInterrupt:
        return 0


class Up:
    """One run of everything on one home folder."""

    def __init__(self, home: Path, given: Mapping[str, str]) -> None:
        self.home = home
        self.given = given
        self.supervisor = Supervisor(home, say)
        self.started = time.monotonic()

    def run(self) -> int:
        """Start all parts, print where they are, and watch them until told to stop."""
        end(remembered_processes(self.home), within=LEFTOVER_SECONDS)
        plan = Planner(self.home, self.given).make()
        try:
            self.start(plan)
            self.supervisor.watch()
        except KeyboardInterrupt:
            say("\nStopping …")
        finally:
            with undisturbed():
                self.supervisor.stop()
                forget(self.home)
        return 0

    def start(self, plan: Plan) -> None:
        """Bring the stores up, then the schema, then the rest side by side."""
        write_environment(self.home, plan.environment)
        for part in plan.stores:
            self.supervisor.start(part)
        for part in plan.stores:
            self.report(part)
        if plan.database_port:
            password = plan.environment["TEZGAH_DATABASE_URL"].split("@")[0].rpartition(":")[2]
            postgres.create_database(plan.database_port, password)
        prepared = Prepared(self.home) if plan.database_port else None
        logins = prepared.logins() if prepared else None
        if logins is None:
            self.once("migrations", ("database", "upgrade"), plan)
        for part in (*plan.product, *plan.helpers):
            self.supervisor.start(part)
        if logins is None:
            logins = self.demo_logins(plan)
            if prepared and logins:
                prepared.remember(logins)
        for part in (*plan.product, *plan.helpers):
            self.report_or_explain(part)
        self.summary(plan, logins)

    def report(self, part: Part) -> None:
        seconds = self.supervisor.wait(part)
        say(f"✓ {part.name:<11}{part.address:<44}{seconds:5.1f} s")

    def report_or_explain(self, part: Part) -> None:
        """Report a part that the others can do without; it is tried again for as long as they run."""
        try:
            self.report(part)
        except PartError as error:
            say(f"✗ {error}")

    def once(self, name: str, arguments: tuple[str, ...], plan: Plan) -> str:
        """Run a command of ours to its end and return what it printed; a failure raises `PartError`."""
        started = time.monotonic()
        program = str(Path(sys.executable).parent / "tezgah")
        part = Part(
            name=name, command=(program, *arguments), ready=lambda: True, environment=plan.environment
        )
        log = self.supervisor.log(name)
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(b"")
        child = spawn(part, log)
        try:
            status = child.wait(ONCE_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise PartError(f"`tezgah {' '.join(arguments)}` was not done after {ONCE_SECONDS} s.") from error
        finally:
            stop_together([(child, part.stop_signal)])
        if status != 0:
            raise PartError(f"`tezgah {' '.join(arguments)}` ended with status {status}.\n{tail(log)}")
        say(f"✓ {name:<55}{time.monotonic() - started:5.1f} s")
        return log.read_text(encoding="utf-8", errors="replace").strip()

    def demo_logins(self, plan: Plan) -> str:
        """Make the demo accounts unless they are there, and return the lines that name them."""
        try:
            return self.once("demo-data", ("seed",), plan)
        except PartError as error:
            say(f"✗ {error}")
            return ""

    def summary(self, plan: Plan, logins: str) -> None:
        environment = plan.environment
        lines = [
            "",
            f"Tezgâh is ready after {time.monotonic() - self.started:.1f} s.",
            "",
            f"  Open           {environment['TEZGAH_PUBLIC_URL']}",
        ]
        if inbox := environment.get("TEZGAH_MAIL_INBOX_URL"):
            lines.append(f"  Mail inbox     {inbox}")
        if sandbox := environment.get("TEZGAH_PAYTR_BASE_URL"):
            lines.append(f"  PayTR sandbox  {sandbox}")
        lines.append(
            f"  Workspaces     http://<workspace>--<company>.{environment['TEZGAH_WORKSPACE_DOMAIN']}"
        )
        lines.append(f"  Logs           {self.home / 'logs'}")
        if code_server_command(self.home) is None:
            plan.notes.append("The editor is not installed, so that no workspace starts: run `make setup`.")
        lines += [f"  Note: {note}" for note in plan.notes]
        lines += ["", *(f"  {line}" for line in logins.splitlines()), "", "Ctrl-C stops everything."]
        say("\n".join(lines))


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 the command's output
