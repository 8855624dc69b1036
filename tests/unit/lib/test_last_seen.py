"""A bounded memory."""

from app.lib.last_seen import LastSeen


def test_the_oldest_is_forgotten_first_and_the_limit_holds() -> None:
    seen = LastSeen[int](3)
    for item in (1, 2, 3, 2, 4):
        seen.add(item)
    assert [item for item in range(6) if item in seen] == [2, 3, 4]
