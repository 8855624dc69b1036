"""Letters that the notification tests send and render."""

from typing import Any

from app.domain.notifications.mailer import Attachment, OutgoingEmail
from app.domain.notifications.rendering import Letterhead
from app.domain.notifications.samples import AT, SAMPLES
from app.lib.settings import Settings

SETTINGS = Settings(
    env="test",
    public_url="https://tezgah.example",
    secret_key="a secret of the notification tests alone",
    seller_name="Tezgâh Yazılım Hizmetleri Ltd. Şti.",
    seller_address="Kadıköy, İstanbul",
    seller_email="destek@tezgah.example",
)
LETTERHEAD = Letterhead.from_settings(SETTINGS)
MESSAGES = SAMPLES


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
