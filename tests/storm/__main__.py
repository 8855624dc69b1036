"""`make storm`: one storm of many orders; exit 1 when the books differ."""

import argparse
import secrets
import sys
import tempfile
from pathlib import Path

from app.lib.log import configure_logging
from tests.storm.run import report, storm


def main() -> int:
    """Run one storm and print it."""
    options = argparse.ArgumentParser(prog="make storm", description=__doc__)
    options.add_argument("--orders", type=int, default=5_000)
    options.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    chosen = options.parse_args()
    configure_logging("error", as_json=False)  # a storm warns of thousands of things it has caused itself
    print(f"seed {chosen.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="tezgah-storm-") as folder:
        Path(folder).chmod(0o755)
        end = storm(Path(folder), seed=chosen.seed, orders=chosen.orders)
    print(report(end))
    return 1 if end.comparison.differences else 0


if __name__ == "__main__":
    sys.exit(main())
