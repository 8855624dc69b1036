"""What an entry of the trail says of people."""

from uuid import UUID

PERSON = "person_id"
"""The fact by which an entry about a person finds their name, for as long as they have one."""


def about_person(user_id: UUID) -> dict[str, str]:
    """Return the facts that an entry is about somebody: never their name, which they may ask us to forget."""
    return {PERSON: str(user_id)}
