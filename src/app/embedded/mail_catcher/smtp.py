"""The receiving end: takes every letter for anybody."""

import asyncio
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope

from app.embedded.mail_catcher.inbox import Inbox

LETTER_LIMIT = 33_554_432


class Catcher:
    """Puts what aiosmtpd receives into the inbox."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Envelope) -> str:  # noqa: N802 its name
        content = envelope.original_content or b""
        letter_id = await asyncio.to_thread(self._inbox.keep, content)
        return f"250 OK kept as {letter_id}"


async def start_smtp(inbox: Inbox, port: int) -> asyncio.Server:
    """Listen on a port of this machine."""

    def connection() -> SMTP:
        ident = "Tezgah mail catcher"
        return SMTP(Catcher(inbox), data_size_limit=LETTER_LIMIT, enable_SMTPUTF8=True, ident=ident)

    return await asyncio.get_running_loop().create_server(connection, "127.0.0.1", port)
