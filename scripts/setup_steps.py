"""The steps of the set-up, in rounds, and the stamps that let a second run do nothing.

A stamp is a hash of what the step was made from. A step that fails says why and how to mend it, and
the steps that do not need it still run.
"""

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

import setup_node
import setup_python
from setup_errors import SetupError

ROOT = Path(__file__).resolve().parent.parent
STAMPS = ROOT / ".venv" / "setup.json"
TITLE_WIDTH = 44


@dataclass
class Step:
    """One part of the set-up: what it is made from, what it leaves, and what to do when it fails."""

    name: str
    title: str
    made_from: list[Path]
    leaves: list[Path]
    run: Callable[[Path], None]
    without_it: str = ""
    salt: str = ""
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        contents = hashlib.sha256(f"{ROOT} {self.salt}".encode())
        for path in self.made_from:
            contents.update(path.read_bytes())
        self.digest = contents.hexdigest()

    def is_done(self, stamps: dict[str, str]) -> bool:
        return stamps.get(self.name) == self.digest and all(path.exists() for path in self.leaves)


def steps() -> list[list[Step]]:
    """Return the steps in rounds: those of one round run at the same time."""
    python = Step(
        name="python",
        title="Python packages",
        made_from=[ROOT / "requirements" / "development.txt", ROOT / "scripts" / "setup_python.py"],
        leaves=[ROOT / ".venv" / "bin" / "python", ROOT / ".venv" / "bin" / "ruff"],
        run=setup_python.install_packages,
        salt=sys.version,
    )
    product = Step(
        name="product",
        title="the command tezgah",
        made_from=[ROOT / "pyproject.toml", ROOT / "scripts" / "setup_python.py"],
        leaves=[ROOT / ".venv" / "bin" / "tezgah"],
        run=setup_python.install_product,
        salt=python.digest,
    )
    pages = Step(
        name="pages",
        title="front-end packages",
        made_from=[ROOT / "package-lock.json", ROOT / "scripts" / "setup_node.py"],
        leaves=[ROOT / "node_modules", *setup_node.served_files(ROOT)],
        run=setup_node.install_pages,
        without_it="Pages have no styles and browser tests need a Chromium of yours.",
    )
    editor = Step(
        name="editor",
        title="the editor of workspaces (code-server)",
        made_from=[*setup_node.editor_sources(ROOT), ROOT / "scripts" / "setup_node.py"],
        leaves=[setup_node.editor_entry(ROOT)],
        run=setup_node.install_editor,
        without_it="Everything but workspaces works.",
    )
    return [[python], [product, pages, editor]]


def main() -> int:
    """Run what is not done; the exit code is 1 when a part that everything needs is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", help="the steps to run (python, product, pages, editor)")
    parser.add_argument("--strict", action="store_true", help="fail when any step fails")
    options = parser.parse_args()
    rounds = [[step for step in round_ if step.name in (options.only or [step.name])] for round_ in steps()]
    chosen = [step for round_ in rounds for step in round_]
    numbers = {step.name: number for number, step in enumerate(chosen, start=1)}
    stamps = read_stamps()
    started = time.monotonic()
    failed: list[Step] = []
    for round_ in rounds:
        waiting = [step for step in round_ if not step.is_done(stamps)]
        failed += run_round(waiting, numbers, stamps)
        if any(not step.without_it for step in failed):
            return 1
    if any(not step.without_it or options.strict for step in failed):
        return 1
    if not failed and time.monotonic() - started > 1:
        print(f"      set up in {time.monotonic() - started:.0f} s", flush=True)
    return 0


def run_round(waiting: list[Step], numbers: dict[str, int], stamps: dict[str, str]) -> list[Step]:
    """Run steps side by side, report each as it ends, and return those that failed."""
    failed = []
    for step in waiting:
        print(f"[{numbers[step.name]}/{len(numbers)}] {step.title} …", flush=True)
    with ThreadPoolExecutor(max_workers=len(waiting) or 1) as pool:
        running = {pool.submit(timed, step): step for step in waiting}
        for future in as_completed(running):
            step = running[future]
            label = f"[{numbers[step.name]}/{len(numbers)}] {step.title}".ljust(TITLE_WIDTH)
            try:
                seconds = future.result()
            except SetupError as error:
                failed.append(step)
                print(f"{label} FAILED\n{indented(error.explanation(step.without_it))}", flush=True)
                continue
            print(f"{label} ready in {seconds:.1f} s", flush=True)
            stamps[step.name] = step.digest
            STAMPS.write_text(json.dumps(stamps, indent=2), encoding="utf-8")
    return failed


def timed(step: Step) -> float:
    """Run a step and return the seconds it took."""
    started = time.monotonic()
    step.run(ROOT)
    return time.monotonic() - started


def read_stamps() -> dict[str, str]:
    """Return what earlier runs have finished; a damaged file counts as nothing."""
    try:
        return dict(json.loads(STAMPS.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def indented(text: str) -> str:
    """Return the text moved under its step."""
    return "\n".join(f"      {line}" for line in text.splitlines())
