"""Mailers: one contract for SMTP and memory, then what only a real server can show."""

import asyncio
from collections.abc import AsyncIterator
from email.message import EmailMessage
from typing import Protocol

import pytest

from app.domain.notifications.mailer import (
    Mailer,
    MailRefused,
    MailUnavailable,
    MemoryMailer,
    SmtpMailer,
)
from app.domain.notifications.samples import AT
from app.lib.settings import SettingsError
from tests.unit.notifications.mail_server import CERTIFICATE, MailServer, mail_server, server_context
from tests.unit.notifications.samples import letter

SENDER = "Tezgâh <hello@tezgah.example>"


class Post(Protocol):
    """What the contract needs of a mailer under test and of the place its letters arrive at."""

    mailer: Mailer

    def received(self) -> list[EmailMessage]: ...
    def refuse(self, recipient: str) -> None: ...
    async def go_down(self) -> None: ...
    async def come_back(self) -> None: ...


class MemoryPost:
    def __init__(self) -> None:
        self.memory = MemoryMailer(SENDER)
        self.mailer: Mailer = self.memory

    def received(self) -> list[EmailMessage]:
        return self.memory.messages

    def refuse(self, recipient: str) -> None:
        self.memory.refused_recipients.add(recipient)

    async def go_down(self) -> None:
        self.memory.is_down = True

    async def come_back(self) -> None:
        self.memory.is_down = False


class SmtpPost:
    def __init__(self, server: MailServer) -> None:
        self.server = server
        self.mailer: Mailer = SmtpMailer(f"smtp://127.0.0.1:{server.port}", SENDER, timeout=5)

    def received(self) -> list[EmailMessage]:
        return self.server.received

    def refuse(self, recipient: str) -> None:
        self.server.refused_recipients.add(recipient)

    async def go_down(self) -> None:
        await self.server.stop()

    async def come_back(self) -> None:
        await self.server.start()


@pytest.fixture(params=["memory", "smtp"])
async def post(request: pytest.FixtureRequest) -> AsyncIterator[Post]:
    if request.param == "memory":
        yield MemoryPost()
        return
    async with mail_server() as server:
        yield SmtpPost(server)


async def test_a_letter_arrives_whole(post: Post) -> None:
    await post.mailer.send(letter())
    (message,) = post.received()
    assert message["Subject"] == "Ödemeniz alındı: 2.970,00 ₺ (ğışİ)"
    assert message["To"] == "muhasebe@isik.example"
    assert message["From"].addresses[0].display_name == "Tezgâh"
    assert message["From"].addresses[0].addr_spec == "hello@tezgah.example"
    assert message["Date"].datetime == AT
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "tr"
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().strip() == "Teşekkür ederiz, Işık A.Ş."
    assert "<b>Işık A.Ş.</b>" in html.get_content()
    (attachment,) = message.iter_attachments()
    assert attachment.get_filename() == "TZG2026000000042.pdf"
    assert attachment.get_content_type() == "application/pdf"
    assert attachment.get_content() == b"%PDF-1.4 \x00\xff"


async def test_readers_choose_between_text_and_html_and_see_the_attachment_beside_them(post: Post) -> None:
    await post.mailer.send(letter())
    (message,) = post.received()
    assert message.get_content_type() == "multipart/mixed"
    kinds = [part.get_content_type() for part in message.walk()]
    assert kinds[1:] == ["multipart/alternative", "text/plain", "text/html", "application/pdf"]


async def test_the_same_occasion_carries_the_same_message_id(post: Post) -> None:
    await post.mailer.send(letter())
    await post.mailer.send(letter())
    await post.mailer.send(letter(dedupe_key="invoice:43"))
    first, again, other = (message["Message-ID"] for message in post.received())
    assert first == again
    assert first != other
    assert first.endswith("@tezgah.example>")


async def test_a_refused_recipient_is_final_and_leaves_others_alone(post: Post) -> None:
    post.refuse("gone@isik.example")
    with pytest.raises(MailRefused, match="550"):
        await post.mailer.send(letter(recipient="gone@isik.example"))
    await post.mailer.send(letter())
    assert len(post.received()) == 1


async def test_while_the_server_is_down_a_letter_may_be_tried_again(post: Post) -> None:
    await post.go_down()
    with pytest.raises(MailUnavailable):
        await post.mailer.send(letter())
    await post.come_back()
    await post.mailer.send(letter())
    assert len(post.received()) == 1


@pytest.mark.parametrize(
    "recipient", ["", "nobody", "@isik.example", "a@b@c", "a b@isik.example", "a@\r\nBcc: x@y"]
)
async def test_what_is_no_address_is_refused_before_anything_is_sent(post: Post, recipient: str) -> None:
    with pytest.raises(MailRefused):
        await post.mailer.send(letter(recipient=recipient))
    assert post.received() == []


async def test_a_turkish_domain_travels_in_its_ascii_form(post: Post) -> None:
    await post.mailer.send(letter(recipient="bilgi@ışık.example"))
    assert post.received()[0]["To"] == "bilgi@xn--k-ekaa7p.example"


async def test_lines_longer_than_smtp_allows_arrive_unbroken(post: Post) -> None:
    paragraph = "uzun bir cümle " * 400
    await post.mailer.send(letter(text=paragraph))
    body = post.received()[0].get_body(("plain",))
    assert body is not None
    assert body.get_content().strip() == paragraph.strip()


async def test_a_line_of_one_dot_does_not_end_the_letter(post: Post) -> None:
    await post.mailer.send(letter(text="before\n.\nafter\n"))
    body = post.received()[0].get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines() == ["before", ".", "after"]


async def test_a_temporary_refusal_may_be_tried_again() -> None:
    async with mail_server() as server:
        server.refused_recipients.add("muhasebe@isik.example")
        server.answer_to_recipient = "451 4.7.1 Greylisted, come back later"
        with pytest.raises(MailUnavailable, match="Greylisted"):
            await SmtpPost(server).mailer.send(letter())


@pytest.mark.parametrize(
    ("answer", "error"), [("554 5.7.1 Looks like spam", MailRefused), ("452 Disk full", MailUnavailable)]
)
async def test_a_refused_content_is_final_only_when_the_server_says_so(
    answer: str, error: type[Exception]
) -> None:
    async with mail_server() as server:
        server.answer_to_data = answer
        with pytest.raises(error, match=answer[:3]):
            await SmtpPost(server).mailer.send(letter())


async def test_a_server_that_says_nothing_is_given_up_in_time() -> None:
    async def silence(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(3)
        writer.close()

    server = await asyncio.start_server(silence, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        with pytest.raises(MailUnavailable):
            await asyncio.wait_for(
                SmtpMailer(f"smtp://127.0.0.1:{port}", SENDER, timeout=0.3).send(letter()), timeout=2
            )
    finally:
        server.close()


@pytest.fixture
def _trusted_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))


@pytest.mark.usefixtures("_trusted_certificate")
async def test_a_login_happens_only_after_encryption() -> None:
    async with mail_server() as server:
        await server.stop()
        await server.start(
            tls_context=server_context(),
            authenticator=server.login,
            auth_require_tls=True,
            auth_required=True,
        )
        url = f"smtp://postac%C4%B1:geheim%20%C4%9F@127.0.0.1:{server.port}"
        await SmtpMailer(url, SENDER, timeout=5).send(letter())
        assert server.logins == [("postacı", True)]
        assert len(server.received) == 1


async def test_a_password_never_travels_in_clear() -> None:
    async with mail_server() as server:
        await server.stop()
        await server.start(authenticator=server.login, auth_require_tls=False)
        url = f"smtp://postaci:secret@127.0.0.1:{server.port}"
        with pytest.raises(MailUnavailable, match="STARTTLS"):
            await SmtpMailer(url, SENDER, timeout=5).send(letter())
        assert server.logins == []


@pytest.mark.usefixtures("_trusted_certificate")
async def test_a_wrong_password_is_ours_to_mend_and_gives_no_letter_up() -> None:
    async with mail_server() as server:
        await server.stop()
        await server.start(tls_context=server_context(), authenticator=server.login, auth_required=True)
        with pytest.raises(MailUnavailable, match="535"):
            await SmtpMailer(f"smtp://postaci:wrong@127.0.0.1:{server.port}", SENDER, timeout=5).send(
                letter()
            )


@pytest.mark.usefixtures("_trusted_certificate")
async def test_smtps_is_encrypted_from_the_first_byte() -> None:
    async with mail_server(tls=True) as server:
        await SmtpMailer(f"smtps://127.0.0.1:{server.port}", SENDER, timeout=5).send(letter())
        assert len(server.received) == 1


async def test_a_certificate_nobody_vouches_for_is_not_trusted() -> None:
    async with mail_server(tls=True) as server:
        with pytest.raises(MailUnavailable, match=r"(?i)certificate"):
            await SmtpMailer(f"smtps://127.0.0.1:{server.port}", SENDER, timeout=5).send(letter())
        assert server.received == []


@pytest.mark.parametrize("url", ["", "http://mail.example", "smtp://", "mail.example:25"])
def test_an_address_that_is_no_mail_server_is_refused_with_what_to_set(url: str) -> None:
    with pytest.raises(SettingsError, match="TEZGAH_SMTP_URL"):
        SmtpMailer(url, SENDER)


@pytest.mark.parametrize("sender", ["", "Tezgâh", "Tezgâh <hello>"])
def test_a_sender_that_is_no_address_is_refused_with_what_to_set(sender: str) -> None:
    with pytest.raises(SettingsError, match="TEZGAH_MAIL_FROM"):
        SmtpMailer("smtp://127.0.0.1", sender)
