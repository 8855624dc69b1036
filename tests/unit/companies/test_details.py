"""Billing details: what an invoice cannot do without is asked for, each fault at its field."""

import pytest

from app.domain.companies.details import BillingDetails, problems_of

COMPANY = {
    "legal_name": "Işık Yazılım A.Ş.",
    "tax_number": "3900383669",
    "tax_office": "Kadıköy",
    "address": "Moda Cad. No: 12, İstanbul",
    "phone": "+90 (216) 123 45 67",
}


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"phone": ""},
        {"tax_number": " 390 038 3669 "},
        {"tax_number": "10000000146", "tax_office": ""},
        {"tax_number": "11111111111", "tax_office": ""},
    ],
)
def test_whole_details_are_taken(change: dict[str, str]) -> None:
    assert problems_of(BillingDetails(**{**COMPANY, **change})) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"tax_number": "3900383668"}, "tax_number"),
        ({"tax_number": "22222222222"}, "tax_number"),
        ({"tax_number": ""}, "tax_number"),
        ({"tax_office": " "}, "tax_office"),
        ({"legal_name": "\u200b\n"}, "legal_name"),
        ({"legal_name": "x" * 201}, "legal_name"),
        ({"address": ""}, "address"),
        ({"phone": "call me"}, "phone"),
    ],
)
def test_a_fault_is_told_at_its_field(change: dict[str, str], field: str) -> None:
    (problem,) = problems_of(BillingDetails(**{**COMPANY, **change}))
    assert problem.field == field


def test_every_fault_is_told_at_once() -> None:
    assert {problem.field for problem in problems_of(BillingDetails())} == {
        "legal_name",
        "address",
        "tax_number",
    }
