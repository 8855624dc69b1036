"""What a workspace may be called, and what its host is."""

import pytest

from app.domain.workspaces.names import RESERVED, label_of, require_name
from app.lib.errors import InvalidInput


@pytest.mark.parametrize("name", ["shop", "a", "web-shop-2", "x" * 30, "  Shop  "])
def test_a_name_that_is_a_label_is_taken(name: str) -> None:
    assert require_name(name, "acme") == name.strip().lower()


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", "-shop", "shop-", "shop--acme", "1shop", "x" * 31, "çay", "sh op", "shop.acme", "shop_1"),
        *("../x", "`x`", "Ａ"),
    ],
)
def test_a_name_that_is_no_label_is_refused_at_its_field(name: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        require_name(name, "acme")
    assert refusal.value.field == "name"


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_reserved_names_are_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="reserved"):
        require_name(name, "acme")


def test_the_longest_name_of_the_longest_company_fits_into_one_label() -> None:
    assert len(label_of(require_name("x" * 30, "y" * 30), "y" * 30)) == 62


def test_a_label_beyond_63_characters_is_refused() -> None:
    with pytest.raises(InvalidInput, match="too long"):
        require_name("x" * 30, "y" * 32)
