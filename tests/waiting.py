"""Waiting for what happens elsewhere, never forever."""

import asyncio
from collections.abc import Awaitable, Callable


async def until(happened: Callable[[], Awaitable[object]], *, seconds: float = 10.0) -> None:
    """Ask again and again until the answer is true; raises `TimeoutError` after `seconds`."""
    async with asyncio.timeout(seconds):
        while not await happened():  # noqa: ASYNC110 what is awaited lies in another process
            await asyncio.sleep(0.02)
