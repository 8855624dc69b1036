"""`tezgah up`: the whole product on this machine, from an empty folder to a printed address."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from app.embedded import postgres
from app.embedded.errors import PartError
from app.embedded.parts import Part
from app.embedded.plan import Plan, Planner
from app.embedded.processes import end, spawn, stop_together, tail
from app.embedded.state import CHECKOUT, Prepared, forget, only_run, remembered_processes, write_environment
from app.embedded.supervisor import Supervisor, stops_on_signals, undisturbed
from app.lib.settings import read_environment_file

ONCE_SECONDS = 180
LEFTOVER_SECONDS = 3.0
UNFINISHED = "Note: "
"""Begins what `tezgah seed` could not do; the next start asks it again."""


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
            if not self.start(plan):
                return 1
            self.supervisor.watch()
        except KeyboardInterrupt:
            say("\nStopping …")
        finally:
            with undisturbed():
                self.supervisor.stop()
                forget(self.home)
        return 0

    def start(self, plan: Plan) -> bool:
        """Bring the stores up, then the schema, then the rest side by side; False when a store fails.

        The others go on without a part that does not start; it is tried again.
        """
        write_environment(self.home, plan.environment)
        for part in plan.stores:
            self.supervisor.start(part)
        if not self.report(plan.stores):
            return False
        prepared = self.prepare_database(plan)
        logins = prepared.logins() if prepared else None
        if logins is None:
            Once(self, "migrations", ("database", "upgrade"), plan).finish()
        demo = Once(self, "demo-data", ("seed",), plan) if logins is None else None
        # Each takes seconds of a core to load. The worker comes last: nobody waits for it with a browser.
        for part in (*plan.pages, *plan.helpers):
            self.supervisor.start(part)
        self.report(plan.helpers)
        for part in plan.workers:
            self.supervisor.start(part)
        self.report([*plan.pages, *plan.workers])
        if demo is not None:
            logins = demo.finish_or_explain()
            if prepared and logins and UNFINISHED not in logins:
                prepared.remember(logins)
        self.summary(plan, logins or "")
        return True

    def prepare_database(self, plan: Plan) -> Prepared | None:
        """Make the database of the embedded server; one that the user has set is there already."""
        if not plan.database_port:
            return None
        password = plan.environment["TEZGAH_DATABASE_URL"].split("@")[0].rpartition(":")[2]
        postgres.create_database(plan.database_port, password)
        return Prepared(self.home)

    def report(self, parts: list[Part]) -> bool:
        """Print each part as it gets ready, or why it does not; say whether all did."""
        all_ready = True
        for part, outcome in self.supervisor.wait(*parts):
            if isinstance(outcome, PartError):
                all_ready = False
                say(f"✗ {outcome}")
            else:
                say(f"✓ {part.name:<11}{part.address:<44}{outcome:5.1f} s")
        return all_ready

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
        if not any((folder / "code-server").is_dir() for folder in (self.home, CHECKOUT / ".tezgah")):
            plan.notes.append("The editor is not installed, so that no workspace starts: run `make setup`.")
        lines += [f"  Note: {note}" for note in plan.notes]
        lines += ["", *(f"  {line}" for line in logins.splitlines()), "", "Ctrl-C stops everything."]
        say("\n".join(lines))


class Once:
    """A command of ours that runs to its end, beside the parts."""

    def __init__(self, up: Up, name: str, arguments: tuple[str, ...], plan: Plan) -> None:
        self.name = name
        self.command = " ".join(("tezgah", *arguments))
        self.started = time.monotonic()
        self.log = up.supervisor.log(name)
        self.log.unlink(missing_ok=True)
        program = str(Path(sys.executable).parent / "tezgah")
        self.part = Part(
            name=name, command=(program, *arguments), ready=lambda: True, environment=plan.environment
        )
        self.child = spawn(self.part, self.log)

    def finish(self) -> str:
        """Wait for its end and return what it printed; a failure raises `PartError`."""
        try:
            status = self.child.wait(ONCE_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise PartError(f"`{self.command}` was not done after {ONCE_SECONDS} s.") from error
        finally:
            stop_together([(self.child, self.part.stop_signal)])
        if status != 0:
            raise PartError(f"`{self.command}` ended with status {status}.\n{tail(self.log)}")
        say(f"✓ {self.name:<55}{time.monotonic() - self.started:5.1f} s")
        return self.log.read_text(encoding="utf-8", errors="replace").strip()

    def finish_or_explain(self) -> str:
        """Return what it printed, or print why it failed: the others can do without it."""
        try:
            return self.finish()
        except PartError as error:
            say(f"✗ {error}")
            return ""


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 the command's output
