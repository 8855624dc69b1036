"""Letters that the notification tests send and render."""

from datetime import UTC, datetime
from typing import Any

from app.domain.notifications.mailer import Attachment, OutgoingEmail
from app.domain.notifications.messages import (
    CreditNoteIssued,
    Message,
    PaymentFailed,
    PaymentReceipt,
    RefundSent,
    Welcome,
)
from app.domain.notifications.rendering import Letterhead

AT = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)
LETTERHEAD = Letterhead(
    site_url="https://tezgah.example",
    seller_name="Tezgâh Yazılım Hizmetleri Ltd. Şti.",
    seller_address="Kadıköy, İstanbul",
    support_email="destek@tezgah.example",
)
MESSAGES: tuple[Message, ...] = (
    Welcome(
        full_name="Ayşe Yılmaz",
        company_name="Işık A.Ş.",
        plan_name="Team",
        workspace_limit=20,
        trial_ends_at=datetime(2026, 12, 6, 14, 5, tzinfo=UTC),
        dashboard_url="https://tezgah.example/dashboard",
    ),
    PaymentReceipt(
        full_name="Ayşe Yılmaz",
        company_name="Işık A.Ş.",
        plan_name="Team",
        invoice_number="TZG2026000000042",
        net=2475_00,
        vat=495_00,
        total=2970_00,
        currency="TRY",
        paid_at=AT,
        period_start=AT,
        period_end=datetime(2026, 12, 22, 14, 5, tzinfo=UTC),
        payment_reference="TZG4K2J8H7Q9W1E5R6T3Y0UI",
        billing_url="https://tezgah.example/billing",
    ),
    PaymentFailed(
        full_name="Ayşe Yılmaz",
        company_name="Işık A.Ş.",
        plan_name="Team",
        total=2970_00,
        currency="TRY",
        reason="Payment received",
        retry_url="https://tezgah.example/billing",
    ),
    RefundSent(
        full_name="Ayşe Yılmaz",
        company_name="Işık A.Ş.",
        amount=1485_00,
        currency="TRY",
        paid_at=AT,
        payment_reference="TZG4K2J8H7Q9W1E5R6T3Y0UI",
        refund_reference="TZR8D3F6G1H5J2K7L4M9N0PQ",
    ),
    CreditNoteIssued(
        full_name="Ayşe Yılmaz",
        company_name="Işık A.Ş.",
        number="TZI2026000000007",
        invoice_number="TZG2026000000042",
        reason="Ödeme iade edildi",
        net=1237_50,
        vat=247_50,
        total=1485_00,
        currency="TRY",
        issued_at=AT,
        is_kept_as_credit=False,
        billing_url="https://tezgah.example/billing",
    ),
)


def letter(**changes: Any) -> OutgoingEmail:
    """Return a letter with a PDF, or the same with changes."""
    facts: dict[str, Any] = {
        "recipient": "muhasebe@isik.example",
        "subject": "Ödemeniz alındı: 2.970,00 ₺ (ğışİ)",
        "text": "Teşekkür ederiz, Işık A.Ş.\n",
        "html": "<p>Teşekkür ederiz, <b>Işık A.Ş.</b></p>",
        "language": "tr",
        "dedupe_key": "invoice:42",
        "at": AT,
        "attachments": (Attachment("TZG2026000000042.pdf", "application/pdf", b"%PDF-1.4 \x00\xff"),),
    }
    return OutgoingEmail(**{**facts, **changes})
