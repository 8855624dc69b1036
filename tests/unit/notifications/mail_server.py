"""A real SMTP server on loopback, for the tests of mailers."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword

CERTIFICATE = Path(__file__).with_name("localhost.pem")


class MailServer:
    """A real SMTP server on loopback whose answers a test may change."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.refused_recipients: set[str] = set()
        self.answer_to_recipient = "550 5.1.1 No such mailbox here"
        self.answer_to_data = "250 OK"
        self.logins: list[tuple[str, bool]] = []
        self.port = 0
        self._server: asyncio.Server | None = None

    async def handle_RCPT(  # noqa: N802 aiosmtpd's name
        self, _server: SMTP, _session: Any, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refused_recipients:
            return self.answer_to_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Envelope) -> str:  # noqa: N802 same
        if self.answer_to_data.startswith("250"):
            content = envelope.content
            assert isinstance(content, bytes)
            message = message_from_bytes(content, policy=default_policy)
            assert isinstance(message, EmailMessage)
            self.received.append(message)
        return self.answer_to_data

    async def start(self, *, tls: bool = False, **options: Any) -> None:
        """Listen on a free port, the same one after a stop; `tls` from the first byte."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self, **options),
            "127.0.0.1",
            self.port,
            ssl=server_context() if tls else None,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server:
            self._server.close()
            self._server = None

    def login(
        self, _server: SMTP, session: Any, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        """Take the password `geheim ğ`; note who tried and whether the line was encrypted."""
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login.decode(), session.ssl is not None))
        return AuthResult(success=data.password.decode() == "geheim ğ", handled=False)


@asynccontextmanager
async def mail_server(**options: Any) -> AsyncIterator[MailServer]:
    server = MailServer()
    await server.start(**options)
    try:
        yield server
    finally:
        await server.stop()


def server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context
