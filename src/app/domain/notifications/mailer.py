"""Sending e-mail: a port, SMTP, and a mailer that keeps letters in memory for tests.

What failed is told apart by what helps: `MailRefused` will fail again, `MailUnavailable` may not.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import parseaddr
from typing import Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib

from app.lib.settings import SettingsError

SMTP_TIMEOUT_SECONDS = 20.0
IMPLICIT_TLS_PORT = 465
RELAY_PORT = 25
SUBMISSION_PORT = 587


class MailError(Exception):
    """A letter was not taken over; the sentence is for the outbox and the operator."""


class MailRefused(MailError):
    """This letter will never be taken: the recipient does not exist, or the content is rejected."""


class MailUnavailable(MailError):
    """The server, the network or our account with it is at fault; later may go well."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a letter."""

    filename: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class OutgoingEmail:
    """One letter to one recipient; `at` is its Date, `dedupe_key` the occasion it is for."""

    recipient: str
    subject: str
    text: str
    html: str
    language: str
    dedupe_key: str
    at: datetime
    attachments: Sequence[Attachment] = ()


class Mailer(Protocol):
    """What takes letters; returning means the next server has taken over."""

    async def send(self, email: OutgoingEmail) -> None:
        """Hand a letter over, or raise `MailRefused` or `MailUnavailable`."""


class SmtpMailer:
    """Letters over SMTP, one connection each: `smtp://` or `smtps://`, `user:password@` when needed.

    `smtps` is TLS from the first byte (465). `smtp` upgrades when the server offers STARTTLS, and must
    when there is a password, so that it never travels in clear.
    """

    def __init__(self, url: str, sender: str, *, timeout: float = SMTP_TIMEOUT_SECONDS) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise SettingsError("TEZGAH_SMTP_URL must be smtp:// or smtps:// followed by a host.")
        self._sender = sender_address(sender)
        self._timeout = timeout
        self._host = parts.hostname
        self._username = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._implicit_tls = parts.scheme == "smtps"
        usual_port = SUBMISSION_PORT if self._username else RELAY_PORT
        self._port = parts.port or (IMPLICIT_TLS_PORT if self._implicit_tls else usual_port)

    async def send(self, email: OutgoingEmail) -> None:
        message = compose(email, self._sender)
        try:
            await aiosmtplib.send(
                message,
                hostname=self._host,
                port=self._port,
                username=self._username,
                password=self._password,
                use_tls=self._implicit_tls,
                start_tls=False if self._implicit_tls else (True if self._username else None),
                local_hostname=self._sender.domain,
                timeout=self._timeout,
            )
        except (aiosmtplib.SMTPException, OSError) as error:
            raise told_apart(error) from error


class MemoryMailer:
    """Keeps letters; told so, it refuses recipients or is down."""

    def __init__(self, sender: str = "Tezgâh <hello@tezgah.localhost>") -> None:
        self.messages: list[EmailMessage] = []
        self.refused_recipients: set[str] = set()
        self.is_down = False
        self._sender = sender_address(sender)

    async def send(self, email: OutgoingEmail) -> None:
        message = compose(email, self._sender)
        if self.is_down:
            raise MailUnavailable("The mailer is down.")
        if email.recipient in self.refused_recipients:
            raise MailRefused("550 No such mailbox here")
        self.messages.append(message)


def compose(email: OutgoingEmail, sender: Address) -> EmailMessage:
    """Return the letter as it travels; the same letter twice carries the same Message-ID.

    A crash between the server's answer and our stamp sends twice; servers and readers can then tell.
    """
    message = EmailMessage(policy=SMTP_POLICY)
    message["From"] = sender
    message["To"] = recipient_address(email.recipient)
    message["Subject"] = email.subject
    message["Date"] = email.at
    digest = hashlib.sha256(email.dedupe_key.encode()).hexdigest()[:32]
    message["Message-ID"] = f"<{digest}@{sender.domain}>"
    # RFC 3834: nobody's holiday notice should answer a machine.
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(email.text)
    message.add_alternative(email.html, subtype="html")
    for attachment in email.attachments:
        main, _, sub = attachment.content_type.partition("/")
        message.add_attachment(attachment.data, maintype=main, subtype=sub, filename=attachment.filename)
    # Last: Content-* headers set earlier move into the first part when parts are added.
    message["Content-Language"] = email.language
    return message


def sender_address(text: str) -> Address:
    """Read `Name <address>` as the settings give it."""
    name, address = parseaddr(text)
    try:
        return Address(display_name=name, addr_spec=address)
    except (HeaderParseError, ValueError, IndexError) as error:
        raise SettingsError(
            "TEZGAH_MAIL_FROM must be an address such as Tezgâh <hello@example.com>."
        ) from error


def recipient_address(text: str) -> Address:
    """Read a bare address; a domain with letters such as ğ travels in its ASCII form (RFC 3490)."""
    local, _, domain = text.rpartition("@")
    try:
        return Address(addr_spec=f"{local}@{domain.encode('idna').decode('ascii')}")
    except (HeaderParseError, ValueError, IndexError) as error:
        raise MailRefused("This is not an e-mail address.") from error


def told_apart(error: Exception) -> MailError:
    """Return the error that says whether to try again; the server's words go along.

    Only a refusal of this recipient or this content is final. A refused login, sender or greeting is
    about us: the operator mends it, and no letter may be given up for it.
    """
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return told_apart(error.recipients[0])
    if isinstance(error, aiosmtplib.SMTPNotSupported):
        return MailRefused(f"The server cannot take this letter: {error.message}")
    if isinstance(error, aiosmtplib.SMTPResponseException):
        words = f"{error.code} {error.message}"
        about_the_letter = isinstance(error, (aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPDataError))
        return MailRefused(words) if about_the_letter and error.code >= 500 else MailUnavailable(words)
    return MailUnavailable(f"{type(error).__name__}: {error}")
