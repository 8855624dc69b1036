"""A sample of each e-mail in each of its states: what `/dev/mails` shows and the tests render."""

from datetime import UTC, datetime, timedelta

from app.domain.notifications.address_samples import address_samples
from app.domain.notifications.departure_samples import departure_samples
from app.domain.notifications.messages import (
    CancellationNear,
    CancellationNoted,
    CancellationUndone,
    CodesGuessed,
    CreditNoteIssued,
    DataReady,
    DeletionNear,
    Message,
    PasswordChanged,
    PasswordReset,
    PaymentFailed,
    PaymentReceipt,
    RecoveryCodeUsed,
    RefundSent,
    RenewalDue,
    RenewalNotice,
    SealedLink,
    SubscriptionCanceled,
    SubscriptionEndedNow,
    SubscriptionSuspended,
    SupportBegan,
    SuspensionNear,
    TrialEnded,
    TrialEnds,
    TwoFactorChange,
    TwoFactorChanged,
    UnpaidRenewal,
)
from app.domain.notifications.people_samples import people_samples

AT = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)
SITE = "https://tezgah.example"
UNPAID: tuple[type[UnpaidRenewal], ...] = (
    RenewalDue,
    SuspensionNear,
    SubscriptionSuspended,
    CancellationNear,
)
SAMPLES: tuple[Message, ...] = (
    SupportBegan(
        full_name="Ayşe Yılmaz",
        company_name="Işık A.Ş.",
        reason="Talebiniz 4711: açılmayan çalışma alanına bakıyoruz",
        began_at=AT,
        ends_at=AT + timedelta(minutes=30),
        support_url=f"{SITE}/company/support",
    ),
    *address_samples(AT, SITE),
    *departure_samples(),
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
        billing_url=f"{SITE}/billing",
        contract_url=f"{SITE}/company/acceptances/01a20498-4d03-7a78-874f-3a5e8cf2ff24",
    ),
    PaymentFailed(
        full_name="Ayşe Yılmaz",
        company_name="Işık A.Ş.",
        plan_name="Team",
        total=2970_00,
        currency="TRY",
        reason="Payment received",
        retry_url=f"{SITE}/billing",
    ),
    RefundSent(
        full_name="Ayşe Yılmaz",
        company_name="Işık A.Ş.",
        amount=1485_00,
        currency="TRY",
        paid_at=AT,
        payment_reference="TZG4K2J8H7Q9W1E5R6T3Y0UI",
        refund_reference="TZR8D3F6G1H5J2K7L4M9N0PQ",
        credit_note_number="TZI2026000000007",
        invoice_number="TZG2026000000042",
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
        billing_url=f"{SITE}/billing",
    ),
    TrialEnds(
        full_name="Ayşe Yılmaz",
        company_name="Işık A.Ş.",
        plan_name="Team",
        trial_ends_at=AT + timedelta(days=3),
        days_left=3,
        total=None,
        currency=None,
        card=None,
        billing_url=f"{SITE}/billing",
    ),
    TrialEnds(
        full_name="Ayşe Yılmaz",
        company_name="Işık A.Ş.",
        plan_name="Team",
        trial_ends_at=AT + timedelta(days=1),
        days_left=1,
        total=2970_00,
        currency="TRY",
        card="4358",
        billing_url=f"{SITE}/billing",
    ),
    TrialEnded(
        full_name="Ayşe Yılmaz",
        company_name="Işık A.Ş.",
        plan_name="Team",
        was_to_be_charged=False,
        data_kept_until=AT + timedelta(days=30),
        billing_url=f"{SITE}/billing",
    ),
    TrialEnded(
        full_name="Ayşe Yılmaz",
        company_name="Işık A.Ş.",
        plan_name="Team",
        was_to_be_charged=True,
        data_kept_until=AT + timedelta(days=30),
        billing_url=f"{SITE}/billing",
    ),
    RenewalNotice(
        full_name="Ayşe Yılmaz",
        company_name="Işık A.Ş.",
        plan_name="Team",
        plan_before=None,
        interval="month",
        renews_at=AT + timedelta(days=7),
        total=2970_00,
        credit=0,
        due=2970_00,
        currency="TRY",
        card="4358",
        billing_url=f"{SITE}/billing",
    ),
    RenewalNotice(
        full_name="Ayşe Yılmaz",
        company_name="Işık A.Ş.",
        plan_name="Starter",
        plan_before="Team",
        interval="year",
        renews_at=AT + timedelta(days=7),
        total=8700_00,
        credit=1200_00,
        due=7500_00,
        currency="TRY",
        card=None,
        billing_url=f"{SITE}/billing",
    ),
    RenewalNotice(
        full_name="Ayşe Yılmaz",
        company_name="Işık A.Ş.",
        plan_name="Starter",
        plan_before=None,
        interval="month",
        renews_at=AT + timedelta(days=7),
        total=870_00,
        credit=870_00,
        due=0,
        currency="TRY",
        card="4358",
        billing_url=f"{SITE}/billing",
    ),
    DeletionNear(
        full_name="Ayşe Yılmaz",
        company_name="Işık A.Ş.",
        workspace_count=3,
        data_kept_until=AT + timedelta(days=7),
        days_left=7,
        billing_url=f"{SITE}/billing",
    ),
    DeletionNear(
        full_name="Ayşe Yılmaz",
        company_name="Işık A.Ş.",
        workspace_count=1,
        data_kept_until=AT + timedelta(days=1),
        days_left=1,
        billing_url=f"{SITE}/billing",
    ),
    PaymentFailed(
        full_name="Ayşe Yılmaz",
        company_name="Işık A.Ş.",
        plan_name="Team",
        total=2970_00,
        currency="TRY",
        reason="Payment received",
        retry_url=f"{SITE}/pay/token",
        next_attempt_at=AT + timedelta(days=2),
        suspends_at=AT + timedelta(days=7),
    ),
    *(
        letter(
            full_name="Ayşe Yılmaz",
            company_name="Işık A.Ş.",
            plan_name="Team",
            total=2970_00,
            currency="TRY",
            due_at=AT + timedelta(days=7),
            pay_url=f"{SITE}/pay/token",
        )
        for letter in UNPAID
    ),
    *(
        SubscriptionCanceled(
            full_name="Ayşe Yılmaz",
            company_name="Işık A.Ş.",
            plan_name="Team",
            is_unpaid=is_unpaid,
            kept_until=AT + timedelta(days=30),
            billing_url=f"{SITE}/billing",
        )
        for is_unpaid in (True, False)
    ),
    CancellationNoted(
        full_name="Ayşe Yılmaz",
        company_name="Işık A.Ş.",
        plan_name="Team",
        ends_at=AT + timedelta(days=12),
        kept_until=AT + timedelta(days=42),
        billing_url=f"{SITE}/billing",
    ),
    CancellationUndone(
        full_name="Ayşe Yılmaz",
        company_name="Işık A.Ş.",
        plan_name="Team",
        renews_at=AT + timedelta(days=12),
        billing_url=f"{SITE}/billing",
    ),
    *(
        SubscriptionEndedNow(
            full_name="Ayşe Yılmaz",
            company_name="Işık A.Ş.",
            plan_name="Team",
            refunded=refunded,
            credited=credited,
            currency="TRY",
            kept_until=AT + timedelta(days=30),
            billing_url=f"{SITE}/billing",
        )
        for refunded, credited in ((1485_00, 120_50), (0, 0))
    ),
    *people_samples(AT, SITE),
    PasswordReset(
        full_name="Ayşe Yılmaz",
        link=SealedLink("/password-reset", "sample", "ayse", AT + timedelta(hours=1)),
        expires_at=AT + timedelta(hours=1),
    ),
    PasswordChanged(full_name="Ayşe Yılmaz", changed_at=AT, reset_url=f"{SITE}/password-reset"),
    DataReady(
        full_name="Ayşe Yılmaz",
        is_of_company=True,
        expires_at=AT + timedelta(days=7),
        data_url=f"{SITE}/company/data",
    ),
    *(
        TwoFactorChanged(
            full_name="Ayşe Yılmaz", change=change, changed_at=AT, account_url=f"{SITE}/account/two-factor"
        )
        for change in TwoFactorChange
    ),
    *(
        RecoveryCodeUsed(
            full_name="Ayşe Yılmaz", used_at=AT, left=left, account_url=f"{SITE}/account/two-factor"
        )
        for left in (9, 1, 0)
    ),
    CodesGuessed(full_name="Ayşe Yılmaz", tried_at=AT, reset_url=f"{SITE}/password-reset"),
)


def named_samples() -> dict[str, Message]:
    """Return the samples by a name for their address: the template's, numbered from its second state on."""
    found: dict[str, Message] = {}
    for message in SAMPLES:
        states = sum(type(other) is type(message) for other in found.values())
        found[f"{message.template}-{states + 1}" if states else message.template] = message
    return found
