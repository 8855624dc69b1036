"""Samples of the e-mail to somebody who was removed from a company, with each thing that it may say."""

from collections.abc import Iterator

from app.domain.notifications.messages import MemberRemoved, Message


def departure_samples() -> Iterator[Message]:
    """Yield one for each thing that can become of workspaces."""
    for passed, deleted in ((3, 0), (0, 1), (0, 0)):
        yield MemberRemoved(
            full_name="Deniz Er",
            company_name="Işık A.Ş.",
            by_name="Ayşe Yılmaz",
            by_email="ayse@isik.com.tr",
            workspaces_passed=passed,
            workspaces_deleted=deleted,
        )
