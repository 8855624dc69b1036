"""`make bench`: every benchmark in turn, each beside its yardstick of the same run."""

import sys

from bench import (
    callbacks,
    documents,
    editor,
    isolation,
    ledger,
    memory,
    numbers,
    pages,
    rehearsals,
    renewals,
    settlement,
)
from bench.stage import stage

MEASURES = {
    "settlement": settlement.measure,
    "callbacks": callbacks.measure,
    "pages": pages.measure,
    "isolation": isolation.measure,
    "documents": documents.measure,
    "ledger": ledger.measure,
    "numbers": numbers.measure,
    "renewals": renewals.measure,
    "rehearsal": rehearsals.measure,
    "memory": memory.measure,
    "editor": editor.measure,
}


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; 1 when a ratio is not what was asked."""
    holds = True
    with stage() as on:
        for name, measure in MEASURES.items():
            if names and name not in names:
                continue
            for row in measure(on):
                print(row, flush=True)
                holds = holds and row.holds
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
