"""Tax numbers by their check digits (billing-rules.md §5.3)."""

import random

import pytest

from app.lib.tax_numbers import compact, is_company_number, is_personal_number


@pytest.mark.parametrize("number", ["3900383669", "1460415308"])
def test_the_institutions_in_gibs_own_schematron_have_valid_numbers(number: str) -> None:
    assert is_company_number(number)
    assert not is_personal_number(number)


@pytest.mark.parametrize("number", ["10000000146", "11111111111"])
def test_a_person_has_a_number_and_a_consumer_may_name_none(number: str) -> None:
    assert is_personal_number(number)
    assert not is_company_number(number)


@pytest.mark.parametrize(
    "number",
    ["", "3900383668", "146041530", "0000000000", "22222222222", "01000000146", "10000000147", "390038366O"],
)
def test_a_wrong_digit_is_found(number: str) -> None:
    assert not is_company_number(number)
    assert not is_personal_number(number)


@pytest.mark.parametrize("number", ["3900383669", "1460415308", "10000000146"])
def test_any_single_slip_is_found(number: str) -> None:
    slips = {
        number[:at] + digit + number[at + 1 :]
        for at in range(len(number))
        for digit in "0123456789"
        if digit != number[at]
    }
    assert [slip for slip in slips if is_company_number(slip) or is_personal_number(slip)] == []


def company_check_digit(digits: str) -> int:
    """Return the tenth digit of a VKN, as billing-rules.md §5.3 words it."""
    total = 0
    for index, digit in enumerate(digits):
        moved = (int(digit) + 9 - index) % 10
        weighed = moved * 2 ** (9 - index) % 9
        total += 9 if moved and not weighed else weighed
    return (10 - total % 10) % 10


def personal_check_digits(digits: str) -> str:
    """Return the last two digits of a TCKN."""
    odd, even = sum(map(int, digits[0::2])), sum(map(int, digits[1::2]))
    tenth = (odd * 7 - even) % 10
    return f"{tenth}{(odd + even + tenth) % 10}"


def test_of_all_check_digits_exactly_one_is_right() -> None:
    chance = random.Random(5)  # noqa: S311 the same numbers each time
    for _ in range(40):
        body = f"{chance.randrange(10**8, 10**9)}"
        right = [end for end in range(10) if is_company_number(f"{body}{end}")]
        assert right == [company_check_digit(body)]
        rights = [f"{end:02d}" for end in range(100) if is_personal_number(f"{body}{end:02d}")]
        assert rights == [personal_check_digits(body)]


def test_numbers_are_kept_without_what_people_write_between_the_digits() -> None:
    assert compact(" 390 038\u00a036.69 ") == "3900383669"
