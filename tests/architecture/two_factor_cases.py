"""The second factor in every state: asked for, set up, shown once, required."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from app.db.models import SecondFactor
from app.domain.accounts.operators import Operator
from app.domain.companies.viewer import Viewer
from app.domain.people.two_factor.codes import LONGEST
from app.domain.people.two_factor.requirement import Safety
from app.domain.people.two_factor.setup import Setup
from tests.architecture import samples
from tests.architecture.case import Case

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PATH = "/account/two-factor"
SETUP = Setup("HPWLYECZK3WY27DRUGPMKIMQ7XEUOQA4", "sealed", "ada@acme.com.tr")
CODES = [f"1234 5678 90{number:02}" for number in range(10)]


def login_code_cases() -> Iterator[Case]:
    """Yield the field for the code, empty and refused, and what is said when it came too late."""
    fields: tuple[str, ...]
    for fields in ((), ("code",)):
        context = {"errors": {name: samples.refusal(name) for name in fields}, "code_length": LONGEST}
        yield Case("code", "accounts/login_code.html.j2", "/login/code", None, context, blocks=("code_form",))
    form = {"email": "", "password": "", "next": ""}
    late = {"form": form, "errors": {}, "after": "code-expired"}
    yield Case("login-late", "accounts/login.html.j2", "/login", None, late)


def two_factor_cases(owner: Viewer, operator: Operator) -> Iterator[Case]:
    """Yield a person's pages about it, of both sides, and the company's switch."""
    for viewer in (owner, operator):
        yield from state_cases(viewer)
        yield from way_cases(viewer)
    missing = replace(owner, lacks_two_factor=True)
    shown = {"factor": None, "left": 0, "is_needed": True, "is_missing": True, "after": ""}
    yield Case("two-factor-missing", "accounts/two_factor.html.j2", PATH, missing, shown)
    yield from security_cases(owner)


def state_cases(viewer: Viewer | Operator) -> Iterator[Case]:
    """Yield the page that says whether there is one."""
    on = SecondFactor(confirmed_at=AT)
    states = ((None, 0, ""), (None, 0, "removal"), (on, 10, ""), (on, 3, ""), (on, 1, ""), (on, 0, ""))
    for factor, left, after in states:
        for is_needed in (False, True) if factor else (False,):
            context = {"factor": factor, "left": left, "is_needed": is_needed, "after": after}
            shown = {**context, "is_missing": False}
            yield Case("two-factor", "accounts/two_factor.html.j2", PATH, viewer, shown)
    if isinstance(viewer, Operator):
        shown = {"factor": None, "left": 0, "is_needed": True, "is_missing": True, "after": ""}
        yield Case("two-factor-needed", "accounts/two_factor.html.j2", PATH, viewer, shown)


def way_cases(viewer: Viewer | Operator) -> Iterator[Case]:
    """Yield what stands between a person and a change of it."""
    refused: tuple[str | None, ...]
    for aim in ("setup", "recovery-codes", "removal"):
        for refused in ((), ("password", "code"), (None,)):
            context: dict[str, Any] = {
                "aim": aim,
                "has_factor": aim != "setup" or bool(refused),
                "code_length": LONGEST,
                "errors": {name: samples.refusal(name) for name in refused},
            }
            template, path = "accounts/two_factor_proof.html.j2", f"{PATH}/{aim}"
            yield Case(f"proof-{aim}", template, path, viewer, context, blocks=("proof_form",))
    for refused in ((), ("code",)):
        context = {"setup": SETUP, "errors": {name: samples.refusal(name) for name in refused}}
        yield Case("key", "accounts/two_factor_key.html.j2", f"{PATH}/setup", viewer, context, method="POST")
    context = {"codes": CODES, "file_name": "codes.txt"}
    path = f"{PATH}/confirmation"
    yield Case("codes", "accounts/two_factor_codes.html.j2", path, viewer, context, method="POST")


def security_cases(owner: Viewer) -> Iterator[Case]:
    """Yield the company's switch: to be set up first, off and on."""
    names = [samples.RAW_NAME] * 12
    states = (
        (False, False, Safety([], names), False),
        (False, True, Safety(names[:1], names[1:]), True),
        (True, True, Safety(names, []), True),
    )
    for is_required, has_factor, safety, saved in states:
        context = {"is_required": is_required, "has_factor": has_factor, "safety": safety, "saved": saved}
        yield Case("security", "company/security.html.j2", "/company/security", owner, context)
