"""Gapless numbers in the form GİB prescribes: three characters, the year, nine digits.

The counter's row lock is taken last in a transaction and held until its commit, so a rollback returns
the number and no other can pass it. Dates follow numbers: the counter also remembers the last instant.
"""

DRAW_NUMBER = """
    INSERT INTO invoice_counters AS counter (series, year, last_number, last_issued_at)
    VALUES (:series, :year, 1, :at)
    ON CONFLICT (series, year) DO UPDATE
       SET last_number = counter.last_number + 1,
           last_issued_at = greatest(counter.last_issued_at, excluded.last_issued_at)
    RETURNING year, last_number, last_issued_at
"""
"""SQL that draws the next number; parameters `series`, `year`, `at`."""
