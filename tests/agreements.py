"""Somebody who reads the contract of what they pay for and accepts it, as the page's own form does."""

import httpx

from tests.conftest import Browser
from tests.html import read


async def submit_agreed(client: Browser, path: str, **fields: str) -> httpx.Response:
    """Send a form that pays: where its page asks for the contract, once more with that accepted."""
    answer = await client.submit(path, **fields)
    shown = read(answer.text).value("shown_contract")
    if shown is None:
        return answer
    return await client.submit(path, **fields, shown_contract=shown, accept_contract="yes")
