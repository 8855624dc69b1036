"""Small rooms: files, functions, handlers and tasks keep their sizes (STYLE.md)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src" / "app").rglob("*.py"))
OURS = [*SOURCES, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "scripts").rglob("*.py"))]
FILE_LINES, FUNCTION_LINES, BODY_LINES = 300, 40, 15
ROUTES = {"get", "post", "put", "patch", "delete", "route"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions_of(file: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, Function):
            yield node


def lines_of(function: Function) -> int:
    return (function.end_lineno or 0) - function.lineno + 1


def body_lines_of(function: Function) -> int:
    """Return the lines behind signature and docstring."""
    body = function.body[1:] if ast.get_docstring(function) and len(function.body) > 1 else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


def is_handler(function: Function) -> bool:
    """Say whether a route decorator stands above it."""
    calls = (decorator.func for decorator in function.decorator_list if isinstance(decorator, ast.Call))
    return any(isinstance(call, ast.Name) and call.id in ROUTES for call in calls)


def named(file: Path, function: Function, number: int) -> str:
    return f"{file.relative_to(ROOT)}:{function.name} has {number} lines"


def test_files_have_at_most_300_lines() -> None:
    sizes = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in OURS}
    assert [f"{file.relative_to(ROOT)}: {size}" for file, size in sizes.items() if size > FILE_LINES] == []


def test_functions_have_at_most_40_lines() -> None:
    long = [
        named(file, function, lines_of(function))
        for file in SOURCES
        for function in functions_of(file)
        if lines_of(function) > FUNCTION_LINES
    ]
    assert long == []


def test_handlers_and_tasks_have_at_most_15() -> None:
    tasks = ROOT / "src" / "app" / "tasks"
    long = [
        named(file, function, body_lines_of(function))
        for file in SOURCES
        for function in functions_of(file)
        if (is_handler(function) or tasks in file.parents) and body_lines_of(function) > BODY_LINES
    ]
    assert long == []


def test_the_measure_finds_handlers() -> None:
    found = [function for file in SOURCES for function in functions_of(file) if is_handler(function)]
    assert len(found) > 20


@pytest.mark.parametrize("package", ["domain", "tasks", "db"])
def test_time_is_passed_in_and_money_is_never_a_float(package: str) -> None:
    """Source: docs/adr, kuruş are integers; only edges ask `lib.clock` what time it is."""
    wrong = []
    for file in sorted((ROOT / "src" / "app" / package).rglob("*.py")):
        if "invoices/pdf" in file.as_posix():  # widths of letters, in points
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            called = isinstance(node, ast.Call) and ast.unparse(node.func)
            asks = str(called).endswith((".now", ".utcnow", ".today")) and called != "func.now"
            if called in {"float", "round"} or asks:
                wrong.append(f"{file.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}: {called}")
    assert wrong == []


def test_services_do_not_ask_the_clock() -> None:
    """Services take `at`; a test could not pass another time in otherwise."""
    rules = [
        file
        for file in sorted((ROOT / "src" / "app" / "domain").rglob("*.py"))
        if file.name in {"service.py", "settlement.py", "checkout.py", "registration.py", "verification.py"}
        and file.parent.name != "controllers"
    ]
    assert len(rules) > 5
    assert [file for file in rules if "lib.clock import now" in file.read_text(encoding="utf-8")] == []
