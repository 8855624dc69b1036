"""Reading what operators type."""

from app.domain.payments.paytr.amounts import UnreadableAmount, kurus_from_lira, lira_text
from app.lib.errors import InvalidInput
from app.lib.i18n import N_
from app.lib.templating import current_language


def read_amount(text: str) -> int:
    """Return an amount in minor units from `1.234,56`, `1234.56` or `1234`."""
    try:
        return kurus_from_lira(text.strip())
    except UnreadableAmount as error:
        raise InvalidInput(N_("Write an amount such as 1234,56."), field="amount") from error


def amount_text(amount: int) -> str:
    """Return an amount as a field holds it, with the comma or dot of the reader's language."""
    text = lira_text(amount)
    return text.replace(".", ",") if current_language.get() == "tr" else text


def require_confirmation(confirmed: str) -> None:
    """Ask for the tick when it is missing."""
    if not confirmed:
        raise InvalidInput(N_("Tick this box to go on."), field="confirm")
