"""The mail catcher as its own process: what goes in over SMTP is seen in the inbox."""

import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest

from app.embedded.mail_catcher.inbox import Inbox
from app.embedded.parts import free_port

START_SECONDS = 60
# uvicorn shuts down and then ends by the signal it was sent
ENDED_IN_ORDER = (0, -signal.SIGTERM)
PDF = b"%PDF-1.4 \x00\xff invoice"
HOSTILE = '<script>fetch("http://evil.example")</script><img src="http://evil.example/a.png"><p>ğüşıöç</p>'


@dataclass
class Catcher:
    """A running mail catcher."""

    directory: Path
    smtp_port: int
    http_port: int
    process: subprocess.Popen[str]
    web: httpx.Client

    def post(self, message: EmailMessage) -> None:
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=5) as smtp:
            smtp.send_message(message)

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=10)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catcher]:
    running = start(tmp_path_factory.mktemp("mail"))
    try:
        yield running
    finally:
        running.web.close()
        running.stop()


@pytest.fixture
def catcher(process: Catcher) -> Catcher:
    """The one process of these tests, its inbox empty."""
    process.web.delete("/api/messages")
    return process


def start(directory: Path) -> Catcher:
    """Start the real command and wait until its page answers."""
    smtp_port, http_port = free_port(), free_port()
    command = [sys.executable, "-m", "app.embedded.mail_catcher"]
    command += ["--smtp-port", str(smtp_port), "--http-port", str(http_port), "--directory", str(directory)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    web = httpx.Client(base_url=f"http://127.0.0.1:{http_port}", timeout=5)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            web.get("/fingerprint")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return Catcher(directory, smtp_port, http_port, process, web)
    process.kill()
    raise AssertionError(f"the mail catcher did not start: {process.communicate()[0]}")


def letter(subject: str = "Ödemeniz alındı: 870,00 ₺", html: str = "<p>Teşekkürler</p>") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Tezgâh <hello@tezgah.example>"
    message["To"] = "muhasebe@isik.example"
    message["Subject"] = subject
    message.set_content("Teşekkürler, ğışİ")
    message.add_alternative(html, subtype="html")
    message.add_attachment(PDF, maintype="application", subtype="pdf", filename="Fatura ğ 42.pdf")
    return message


def only_letter(catcher: Catcher) -> str:
    (message,) = catcher.web.get("/api/messages").json()
    return str(message["id"])


def test_a_letter_is_listed_and_read_whole(catcher: Catcher) -> None:
    catcher.post(letter())
    (listed,) = catcher.web.get("/api/messages").json()
    assert listed["subject"] == "Ödemeniz alındı: 870,00 ₺"
    assert listed["to"] == "muhasebe@isik.example"
    assert listed["attachments"][0]["name"] == "Fatura ğ 42.pdf"
    whole = catcher.web.get(f"/api/messages/{listed['id']}").json()
    assert whole["text"].strip() == "Teşekkürler, ğışİ"
    assert whole["html"].strip() == "<p>Teşekkürler</p>"
    assert ["From", "Tezgâh <hello@tezgah.example>"] in whole["headers"]
    attachment = catcher.web.get(listed["attachments"][0]["url"])
    assert attachment.content == PDF
    assert attachment.headers["content-type"] == "application/pdf"
    assert attachment.headers["content-disposition"].startswith("inline")


def test_letters_stand_newest_first_and_can_be_asked_for_by_recipient(catcher: Catcher) -> None:
    for number in range(3):
        catcher.post(letter(f"Mektup {number}"))
        time.sleep(0.002)  # ids are ordered by the millisecond
    other = letter("Başkası")
    other.replace_header("To", "baska@example.com")
    catcher.post(other)
    subjects = [message["subject"] for message in catcher.web.get("/api/messages").json()]
    assert subjects[1:] == ["Mektup 2", "Mektup 1", "Mektup 0"]
    to_other = catcher.web.get("/api/messages", params={"recipient": "BASKA@example.com"}).json()
    assert [message["subject"] for message in to_other] == ["Başkası"]


def test_the_pages_show_the_letter_in_every_view(catcher: Catcher) -> None:
    assert "No mail yet" in catcher.web.get("/").text
    catcher.post(letter())
    inbox = catcher.web.get("/").text
    letter_id = only_letter(catcher)
    assert "Ödemeniz alındı: 870,00 ₺" in inbox
    assert f'href="/messages/{letter_id}"' in inbox
    page = catcher.web.get(f"/messages/{letter_id}")
    assert f'src="/messages/{letter_id}/html"' in page.text
    assert "Fatura ğ 42.pdf" in page.text
    assert "Teşekkürler, ğışİ" in catcher.web.get(f"/messages/{letter_id}?view=text").text
    assert "multipart/mixed" in catcher.web.get(f"/messages/{letter_id}?view=headers").text
    source = catcher.web.get(f"/messages/{letter_id}/source")
    assert b"Subject: =?utf-8?" in source.content
    for asset in ("inbox.css", "inbox.js", "mark.svg"):
        assert catcher.web.get(f"/static/{asset}").status_code == 200


def test_a_hostile_letter_stays_in_its_sandbox(catcher: Catcher) -> None:
    catcher.post(letter("<script>alert(1)</script>", HOSTILE))
    letter_id = only_letter(catcher)
    for path in ("/", f"/messages/{letter_id}", f"/messages/{letter_id}?view=headers"):
        page = catcher.web.get(path)
        assert "<script>alert(1)" not in page.text
        assert "script-src 'self'" in page.headers["content-security-policy"]
    frame = catcher.web.get(f"/messages/{letter_id}/html")
    policy = frame.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert 'sandbox="allow-popups' in catcher.web.get(f"/messages/{letter_id}").text


def test_an_attached_page_is_saved_not_shown(catcher: Catcher) -> None:
    message = letter()
    message.add_attachment(b"<script>1</script>", maintype="text", subtype="html", filename='a"b.html')
    catcher.post(message)
    file = catcher.web.get(f"/messages/{only_letter(catcher)}/attachments/1")
    assert file.headers["content-disposition"] == "attachment; filename*=UTF-8''a%22b.html"
    assert file.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/messages/x",
        "/messages/..%2f..%2fetc",
        "/api/messages/" + "0" * 32,
        "/messages/" + "0" * 32 + "/html",
    ],
)
def test_what_is_not_there_is_a_404(catcher: Catcher, path: str) -> None:
    assert catcher.web.get(path).status_code == 404


def test_no_attachment_beyond_the_last(catcher: Catcher) -> None:
    catcher.post(letter())
    letter_id = only_letter(catcher)
    assert catcher.web.get(f"/messages/{letter_id}/attachments/1").status_code == 404
    assert catcher.web.get(f"/messages/{letter_id}/attachments/-1").status_code == 404


def test_the_inbox_is_emptied_by_request_and_by_button_but_not_by_another_site(catcher: Catcher) -> None:
    catcher.post(letter())
    strange = catcher.web.post("/delete-all", headers={"Sec-Fetch-Site": "cross-site"})
    assert strange.status_code == 403
    assert catcher.web.delete("/api/messages").json() == {"deleted": 1}
    catcher.post(letter())
    assert catcher.web.post("/delete-all").status_code == 303
    assert catcher.web.get("/api/messages").json() == []


def test_a_waiting_page_learns_of_new_mail(catcher: Catcher) -> None:
    before = catcher.web.get("/fingerprint").text
    assert catcher.web.get("/fingerprint").text == before
    catcher.post(letter())
    assert catcher.web.get("/fingerprint").text != before
    assert catcher.web.get("/fingerprint").text in catcher.web.get("/").text


def test_letters_outlive_a_restart_and_the_process_ends_when_told(tmp_path: Path) -> None:
    first = start(tmp_path / "mail")
    first.post(letter())
    assert first.stop() in ENDED_IN_ORDER
    second = start(tmp_path / "mail")
    try:
        assert len(second.web.get("/api/messages").json()) == 1
    finally:
        assert second.stop() in ENDED_IN_ORDER


def test_a_taken_port_is_said_in_a_sentence(catcher: Catcher, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "app.embedded.mail_catcher", "--smtp-port", str(catcher.smtp_port)]
    command += ["--http-port", str(free_port()), "--directory", str(tmp_path / "other")]
    outcome = subprocess.run(command, check=False, capture_output=True, text=True, timeout=20)
    assert outcome.returncode != 0
    assert f"cannot listen on port {catcher.smtp_port}" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_only_the_newest_letters_are_kept(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, kept=3)
    ids = []
    for number in range(5):
        ids.append(inbox.keep(f"Subject: {number}\n\nbody".encode()))
        time.sleep(0.002)  # ids are ordered by the millisecond
    assert inbox.ids() == ids[:1:-1]
    assert [found.subject for found in inbox.letters()] == ["4", "3", "2"]


def test_a_letter_in_an_unknown_charset_does_not_hide_the_others(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.keep(b"Subject: odd\nContent-Type: text/plain; charset=klingon\n\nbody")
    inbox.keep(b"\x00\xff not a letter at all")
    inbox.keep(b"Subject: fine\n\nbody")
    assert {found.subject for found in inbox.letters()} == {"odd", "fine", ""}
