"""What can be asked: every route with its path, query and form fields, read from the application itself."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from litestar import Litestar
from litestar.params import BodyKwarg, PathParameter, QueryParameter
from litestar.routes import HTTPRoute

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


@dataclass(frozen=True, slots=True)
class Target:
    """One method of one route, and the names of what it reads."""

    method: str
    path: str
    """With its parameters: `/workspaces/{workspace_id:uuid}`."""
    query: tuple[str, ...]
    form: tuple[str, ...]


def surface_of(application: Litestar) -> list[Target]:
    """Return every target, in a fixed order, so that a seed means the same requests everywhere."""
    return sorted(_targets(application), key=lambda target: (target.path, target.method))


def _targets(application: Litestar) -> Iterator[Target]:
    for route in application.routes:
        if not isinstance(route, HTTPRoute):
            continue
        for method, (handler, _) in route.route_handler_map.items():
            if method not in METHODS:
                continue
            query: list[str] = []
            form: list[str] = []
            for name, field in handler.parsed_fn_signature.parameters.items():
                if isinstance(field.kwarg_definition, QueryParameter):
                    query.append(field.kwarg_definition.query or name)
                elif isinstance(field.kwarg_definition, BodyKwarg):
                    form += _names_of(field.annotation)
                else:
                    assert name != "data" or not isinstance(field.kwarg_definition, PathParameter)
            yield Target(str(method), route.path, tuple(query), tuple(form))


def _names_of(form: Any) -> list[str]:
    """Return the fields of a form; one that is no dataclass takes whatever comes."""
    return [field.name for field in fields(form)] if is_dataclass(form) else ["anything"]
