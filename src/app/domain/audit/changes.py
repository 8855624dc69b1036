"""What a change has changed, read from the mapper's own memory of a row before it is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import inspect

from app.db.base import Base
from app.domain.audit.redaction import REDACTED, REDACTED_FIELDS, is_redacted


@dataclass(frozen=True, slots=True)
class Changes:
    """The changed fields, as they were and as they are; what is redacted says only that it has changed."""

    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Say whether anything has changed."""
        return bool(self.after)


def changes_of(model: Base) -> Changes:
    """Return what has been set on a row since it was read; call it before the flush.

    A value that was never read is unknown, and is read as empty: services read what they change.
    """
    state = inspect(model)
    changes = Changes()
    for attribute in state.mapper.column_attrs:
        history = state.attrs[attribute.key].history
        if history.has_changes():
            old, new = (_only(values) for values in (history.deleted, history.added))
            if old != new:
                hidden = is_redacted(attribute.columns[0])
                changes.before[attribute.key] = _hidden(old) if hidden else _plain(old)
                changes.after[attribute.key] = _hidden(new) if hidden else _plain(new)
    return changes


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> Changes:
    """Return in which fields two states of a thing differ, for what is no row or was written already."""
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return Changes(*({name: _shown(name, state.get(name)) for name in changed} for state in (before, after)))


def _shown(name: str, value: Any) -> Any:
    return _hidden(value) if name in REDACTED_FIELDS else _plain(value)


def _only(values: Any) -> Any:
    return values[0] if values else None


def _hidden(value: Any) -> str | None:
    return None if value is None else REDACTED


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
