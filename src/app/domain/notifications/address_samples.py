"""A sample of each e-mail about an address: the welcome, confirming it, and the way to another one."""

from datetime import datetime, timedelta

from app.domain.notifications.messages import (
    EmailChangeAsked,
    EmailChanged,
    EmailChangeToConfirm,
    EmailHasAccount,
    EmailVerification,
    Message,
    SealedLink,
    Welcome,
)

NAME = "Ayşe Yılmaz"
OLD, NEW = "ayse@isik.example", "ayse.yilmaz@isik.example"


def address_samples(at: datetime, site: str) -> tuple[Message, ...]:
    """Return the letters of somebody who confirms an address and moves to another one."""
    day_after, days_after = at + timedelta(hours=24), at + timedelta(days=3)
    link = SealedLink("/email-change", "sample", "ayse", day_after)
    confirms = SealedLink("/email-verification", "sample", "ayse", days_after)
    welcomes = (
        Welcome(
            full_name=NAME,
            company_name="Işık A.Ş.",
            plan_name="Team",
            workspace_limit=limit,
            trial_ends_at=trial_ends_at,
            link=to_confirm,
            expires_at=days_after if to_confirm else None,
            dashboard_url=f"{site}/dashboard",
        )
        for limit, trial_ends_at, to_confirm in (
            (20, at + timedelta(days=14), confirms),
            (None, None, confirms),
            (5, None, None),
        )
    )
    return (
        *welcomes,
        EmailVerification(full_name=NAME, email=OLD, link=confirms, expires_at=days_after),
        EmailChangeAsked(full_name=NAME, new_email=NEW, link=link, expires_at=day_after),
        EmailChangeToConfirm(full_name=NAME, new_email=NEW, link=link, expires_at=day_after),
        EmailHasAccount(full_name=NAME, email=NEW, login_url=f"{site}/login"),
        EmailChanged(full_name=NAME, old_email=OLD, new_email=NEW, changed_at=at, login_url=f"{site}/login"),
    )
