"""Tax numbers by their check digits (billing-rules.md §5.3)."""

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


def test_numbers_are_kept_without_what_people_write_between_the_digits() -> None:
    assert compact(" 390 038\u00a036.69 ") == "3900383669"
