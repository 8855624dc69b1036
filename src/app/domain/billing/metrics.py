"""Business counters, raised after the commit only."""

from prometheus_client import Counter

callbacks = Counter("tezgah_paytr_callbacks_total", "Callbacks by what they did", ("outcome",))
checkouts = Counter("tezgah_checkouts_total", "Checkouts by what PayTR answered", ("result",))
registrations = Counter("tezgah_registrations_total", "Companies that signed up")
