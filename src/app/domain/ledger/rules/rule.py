"""What a rule is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One sentence about the whole book, and the query that finds what contradicts it.

    `sql` selects `subject` (text), `company_id` and `facts` (jsonb, amounts in minor units), a row for each
    thing that is not as it should be. It may read the tables of `accounts.SHARED` and the parameters of
    `proof.parameters_of`.
    """

    key: str
    sentence: str
    sql: str
    parks: bool = True
    """Whether the company is not charged by itself until this holds again."""
