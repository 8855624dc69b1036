"""Whatever PayTR does and whatever dies meanwhile: at rest both books are equal, to the kuruş."""

from pathlib import Path

from tests.storm.run import report, storm

SEED = 20_261_122
ORDERS = 200


def test_a_storm_leaves_two_equal_books(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)  # PostgreSQL runs as a user of its own when the tests run as root
    end = storm(tmp_path, seed=SEED, orders=ORDERS)
    print(report(end))
    assert end.comparison.differences == [], report(end)
    assert min(end.deaths["web"], end.deaths["valkey"]) + end.deaths["worker"] > 0, "nothing was killed"
    facts = end.comparison.facts
    assert facts["succeeded"] > 0, facts
    assert facts["paid twice"] > 0, facts
    assert facts["refunded"] + facts["partly_refunded"] > 0, facts
