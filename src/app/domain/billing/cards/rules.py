"""When a success of PayTR's is news for the card it was to keep: pure rules."""

from app.db.models import RegistrationStatus
from app.domain.payments.paytr.messages import PaytrCallback

TEST_PAYMENT, OTHER_CURRENCY, NOT_LISTED = "test_payment", "other_currency", "not_listed"
"""Our own failure codes of a registration, beside PayTR's numbers."""


def success_is_news(
    message: PaytrCallback, status: RegistrationStatus, failure_code: str | None, *, has_token: bool
) -> bool:
    """Say whether a success changes anything about a registration.

    One that PayTR was asked about lacks the tokens; the callback may bring them later (paytr.md §12).
    """
    if status is RegistrationStatus.CONFIRMED:
        return message.user_token is not None and not has_token
    if status is RegistrationStatus.FAILED and failure_code == NOT_LISTED:
        return message.user_token is not None
    if status is RegistrationStatus.FAILED:
        return failure_code not in {TEST_PAYMENT, OTHER_CURRENCY}
    return status is not RegistrationStatus.STORED
