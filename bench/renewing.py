"""One worker's run of the subscription manager, as a process of its own: prints what it did as JSON."""

import asyncio
import json
import resource
import sys
import time
from datetime import datetime

from app.lib.settings import load_settings
from app.server.resources import build_resources, closing
from app.tasks.subscriptions import manage_subscriptions


async def renew(at: datetime) -> dict[str, float]:
    """Renew what is due at `at`, as far as one run goes; return rows, seconds and the largest resident MB."""
    async with closing(build_resources(load_settings())) as resources:
        began = time.perf_counter()
        tally = await manage_subscriptions(resources, at)
        seconds = time.perf_counter() - began
    if tally.failed:
        raise RuntimeError(f"{tally.failed} renewals failed")
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"done": tally.done, "seconds": seconds, "megabytes": largest}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(renew(datetime.fromisoformat(sys.argv[1])))))
