"""Refusals. Every one is a sentence for the person who reads it and carries its HTTP status.

The sentence is the English message id; it is translated where it is shown (`app.lib.i18n`), with
`facts` filled in afterwards, so that services stay free of languages.
"""

from http import HTTPStatus


class DomainError(Exception):
    """A refusal by a rule of the product."""

    status = HTTPStatus.CONFLICT

    def __init__(self, message: str, *, field: str | None = None, **facts: object) -> None:
        super().__init__(message % facts if facts else message)
        self.message = message
        self.field = field
        self.facts = facts


class NotFound(DomainError):
    """There is no such thing, or it is another company's."""

    status = HTTPStatus.NOT_FOUND


class NotAllowed(DomainError):
    """The role of this person does not allow it."""

    status = HTTPStatus.FORBIDDEN


class InvalidInput(DomainError):
    """A field of a form holds something that cannot be accepted."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class IllegalTransition(DomainError):
    """A state machine has no arrow from here to there."""


class Unavailable(DomainError):
    """Something outside did not answer; trying again later may help."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class TooMany(DomainError):
    """Something was tried too often; it may be tried again after `retry_after` seconds."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, message: str, *, retry_after: int, **facts: object) -> None:
        super().__init__(message, field=None, **facts)
        self.retry_after = retry_after
