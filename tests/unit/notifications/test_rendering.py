"""Every e-mail, in both languages, from the JSON the outbox keeps."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from app.domain.notifications import messages, rendering
from app.domain.notifications.messages import (
    Message,
    PasswordReset,
    PaymentFailed,
    PaymentReceipt,
    SealedLink,
    Welcome,
)
from app.domain.notifications.rendering import TEMPLATES, RenderedEmail, render_email
from app.domain.notifications.samples import AT
from app.lib.crypto import unseal
from app.lib.i18n import LANGUAGES
from tests.unit.notifications.samples import LETTERHEAD, MESSAGES, SETTINGS

WELCOME, RECEIPT, FAILED = (
    next(message for message in MESSAGES if type(message) is kind)
    for kind in (Welcome, PaymentReceipt, PaymentFailed)
)


def rendered(message: Message, language: str = "tr", **changes: str | int | None) -> RenderedEmail:
    """Render from the context as it comes back from the database."""
    context = json.loads(json.dumps({**message.context(), **changes}))
    return render_email(message.template, language, context, SETTINGS)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.template)
def test_every_email_is_written_whole_in_every_language(message: Message, language: str) -> None:
    email = rendered(message, language)
    assert email.subject
    assert "\n" not in email.subject
    for body in (email.text, email.html):
        assert "Ayşe Yılmaz" in body
        assert LETTERHEAD.seller_name in body
        assert LETTERHEAD.support_email in body
        assert all(mark not in body for mark in ("{{", "%(", "None", "Undefined"))
    assert f'<html lang="{language}"' in email.html
    assert "<" not in email.text


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.template)
def test_the_languages_differ_wherever_there_are_words(message: Message) -> None:
    turkish, english = rendered(message, "tr"), rendered(message, "en")
    assert turkish.subject != english.subject
    shared = set(turkish.text.splitlines()) & set(english.text.splitlines())
    letterhead = {"", "-- ", f"Tezgâh · {LETTERHEAD.site_url}"}
    letterhead |= {f"{LETTERHEAD.seller_name}, {LETTERHEAD.seller_address}"}
    typed = set(map(str, message.context().values()))  # what somebody wrote stays as it was written
    assert shared <= letterhead | typed | {"Plan: Team"}


LEADS_NOWHERE = {"member_removed"}
"""Letters to people who have nothing more to do here."""


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.template)
def test_every_link_stands_in_text_and_html(message: Message) -> None:
    values = message.context().values()
    links = [value for value in values if str(value).startswith("https://")]
    links += [f"{LETTERHEAD.site_url}{value['path']}/" for value in values if isinstance(value, dict)]
    if not links and message.template not in LEADS_NOWHERE:
        links = [f"{LETTERHEAD.site_url}/billing"]
    email = rendered(message)
    for link in links:
        assert str(link) in email.text
        assert f'href="{link}' in email.html


def test_every_folder_of_templates_has_its_message_and_its_three_parts() -> None:
    folders = {path.name for path in TEMPLATES.iterdir() if path.is_dir()}
    assert folders == {message.template for message in messages.MESSAGES}
    assert {type(message) for message in MESSAGES} == set(messages.MESSAGES)
    for folder in folders:
        parts = {path.name for path in (TEMPLATES / folder).iterdir()}
        assert parts - {"words.j2"} == {"subject.txt.j2", "body.txt.j2", "body.html.j2"}


def test_the_receipt_shows_money_and_days_as_the_language_writes_them() -> None:
    turkish, english = rendered(RECEIPT, "tr"), rendered(RECEIPT, "en")
    assert turkish.subject == "Ödemeniz alındı: 2.970,00 ₺, fatura TZG2026000000042"
    assert english.subject == "Payment received: ₺2,970.00, invoice TZG2026000000042"
    for body in (turkish.text, turkish.html):
        assert "2.475,00 ₺" in body
        assert "495,00 ₺" in body
        assert "22 Kasım 2026 – 22 Aralık 2026" in body
        assert "22 Kasım 2026 17:05" in body


def test_the_reason_of_a_failed_payment_is_told_in_the_readers_language() -> None:
    assert "Ödemeniz alındı" in rendered(FAILED, "tr").text  # the sample's reason, a translated message id
    assert "Payment received" in rendered(FAILED, "en").text


def test_the_workspace_limit_reads_right_for_one_many_and_none() -> None:
    assert "1 workspace." in rendered(WELCOME, "en", workspace_limit=1).text
    assert "20 workspaces." in rendered(WELCOME, "en").text
    assert "no limit" in rendered(WELCOME, "en", workspace_limit=None).text


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.template)
def test_markup_in_a_name_stays_a_name(message: Message) -> None:
    email = rendered(message, company_name='<script>alert("x")</script>', full_name="A & B <b>")
    assert "<script>" not in email.html
    assert "<b>" not in email.html
    assert "A &amp; B &lt;b&gt;" in email.html
    assert "A & B <b>" in email.text


def test_a_line_break_in_a_name_never_becomes_a_header() -> None:
    email = rendered(RECEIPT, invoice_number="TZG1\r\nBcc: victim@example.com")
    assert email.subject.endswith("TZG1 Bcc: victim@example.com")


def test_a_percent_sign_in_a_name_is_harmless() -> None:
    assert "100%(s) A.Ş." in rendered(WELCOME, company_name="100%(s) A.Ş.").text


def test_a_missing_fact_is_an_error_not_a_hole() -> None:
    context = {key: value for key, value in FAILED.context().items() if key != "retry_url"}
    with pytest.raises(UndefinedError, match="retry_url"):
        render_email(FAILED.template, "tr", context, SETTINGS)


def test_every_field_of_a_message_is_used_by_its_template() -> None:
    for message in MESSAGES:
        folder = TEMPLATES / message.template
        words = "".join(path.read_text(encoding="utf-8") for path in Path(folder).iterdir())
        assert [name for name in message.context() if name not in words] == []


def test_html_fits_the_clipping_limit_of_gmail() -> None:
    assert all(len(rendered(message).html.encode()) < 100_000 for message in MESSAGES)


def test_an_unknown_language_gets_the_default_one() -> None:
    assert rendered(WELCOME, "de").subject == rendered(WELCOME, "tr").subject
    assert rendering.environment_for("tr") is rendering.environment_for("tr")


def test_a_sealed_link_is_known_to_the_letter_and_not_to_the_outbox() -> None:
    link = SealedLink("/password-reset", "password-reset", "ada", AT + timedelta(hours=1))
    letter = PasswordReset(full_name="Ada", link=link, expires_at=link.expires_at)
    found = re.search(r"https://tezgah\.example/password-reset/(\S+)", rendered(letter).text)
    assert found is not None
    assert unseal(SETTINGS.keys, "password-reset", found[1], at=AT) == "ada"
    assert unseal(SETTINGS.keys, "password-reset", found[1], at=link.expires_at) is None
    assert found[1].partition(".")[2] not in json.dumps(letter.context())
