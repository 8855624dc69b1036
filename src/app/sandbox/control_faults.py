"""The levers for misbehaviour: what is set, scripts per order, expectations per path, and the hold."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, get, post, put
from litestar.di import NamedDependency
from litestar.exceptions import ClientException
from litestar.params import FromPath, JSONBody

from app.sandbox.control import find_order
from app.sandbox.faults import ANSWER_FAULTS, MEANING, Fault
from app.sandbox.simulator import Simulator

LONGEST: Final = 3650


class Script(msgspec.Struct, forbid_unknown_fields=True):
    """The faults of one order, in place of those the seed decides; none makes it behave."""

    faults: set[Fault]


class Expectation(msgspec.Struct, forbid_unknown_fields=True):
    """Faults for an oid or reference still to come, or for the answers of the next requests to a path."""

    faults: set[Fault]
    merchant_oid: str | None = None
    path: str | None = None
    times: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1


class Release(msgspec.Struct, forbid_unknown_fields=True):
    """What is let go: callbacks at most so many days late, of one order or of all."""

    merchant_oid: str | None = None
    days: Annotated[int, msgspec.Meta(ge=1, le=LONGEST)] = LONGEST


@get("/control/faults")
async def list_faults(simulator: NamedDependency[Simulator]) -> dict[str, Any]:
    """Return the seed, every fault with its rate and meaning, the scripts, and what is expected."""
    plan = simulator.faults
    return {
        "seed": plan.seed,
        "faults": [
            {"name": fault.value, "rate": plan.rates.get(fault, 0.0), "meaning": MEANING[fault]}
            for fault in Fault
        ],
        "scripts": {key: sorted(faults) for key, faults in plan.scripted().items()},
        "expected": plan.expected(),
    }


@put("/control/orders/{merchant_oid:str}/faults")
async def script_order(
    merchant_oid: FromPath[str], data: JSONBody[Script], simulator: NamedDependency[Simulator]
) -> dict[str, Any]:
    """Let exactly these faults strike an order from now on."""
    find_order(simulator, merchant_oid)
    simulator.faults.script(merchant_oid, data.faults)
    return {"merchant_oid": merchant_oid, "faults": sorted(data.faults)}


@post("/control/expect", status_code=200)
async def expect(
    request: Request[Any, Any, Any], data: JSONBody[Expectation], simulator: NamedDependency[Simulator]
) -> dict[str, Any]:
    """Script an order that does not exist yet, or the next requests to a path."""
    if (data.merchant_oid is None) == (data.path is None):
        raise ClientException("name either merchant_oid or path")
    if data.merchant_oid is not None:
        simulator.faults.script(data.merchant_oid, data.faults)
    elif data.path is not None:
        _check_path(request, data.path, data.faults)
        simulator.faults.expect(data.path.rstrip("/"), data.faults, data.times)
    return {"merchant_oid": data.merchant_oid, "path": data.path, "faults": sorted(data.faults)}


@post("/control/release", status_code=200)
async def release(data: JSONBody[Release], simulator: NamedDependency[Simulator]) -> dict[str, int]:
    """Send the callbacks that are held back."""
    if data.merchant_oid is None:
        orders = simulator.book.with_held_callbacks()
    else:
        orders = [find_order(simulator, data.merchant_oid)]
    return {"released": sum(simulator.release(order, days=data.days) for order in orders)}


def _check_path(request: Request[Any, Any, Any], path: str, faults: set[Fault]) -> None:
    served = {route.path for route in request.app.routes}
    if not path.startswith(("/odeme", "/rapor")) or path.rstrip("/") not in served:
        raise ClientException(f"no merchant's request goes to {path}")
    if misplaced := faults - ANSWER_FAULTS:
        raise ClientException(f"{', '.join(sorted(misplaced))} strikes orders, not the answers of a path")
