"""What a password's hash costs, here and only here as in the product."""

from argon2 import extract_parameters
from argon2.low_level import Type

from app.domain.accounts.passwords import NOBODY, hasher


def test_a_hash_costs_what_owasps_second_profile_asks() -> None:
    cost = extract_parameters(hasher.hash("correct horse battery"))
    assert (cost.type, cost.memory_cost, cost.time_cost, cost.parallelism) == (Type.ID, 19 * 1024, 2, 1)


def test_an_unknown_address_costs_as_much_as_a_known_one() -> None:
    assert not hasher.check_needs_rehash(NOBODY)
