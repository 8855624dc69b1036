"""PayTR on this machine: its own process, real HTTP both ways, no money.

Knows the wire (`app.domain.payments.paytr` but its client) and `app.lib`, nothing of the product. Its
book lives in memory or, when asked, in a file. Refused in production (`config.sandbox_config`).
"""
