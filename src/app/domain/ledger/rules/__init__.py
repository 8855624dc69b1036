"""What has to hold in the book, as named rules over all of it (billing-rules.md §4.4)."""

from app.domain.ledger.rules.accounts import ACCOUNT_RULES
from app.domain.ledger.rules.documents import DOCUMENT_RULES
from app.domain.ledger.rules.money import MONEY_RULES
from app.domain.ledger.rules.rule import Rule
from app.domain.ledger.rules.states import STATE_RULES

RULES: tuple[Rule, ...] = (*MONEY_RULES, *DOCUMENT_RULES, *ACCOUNT_RULES, *STATE_RULES)
BY_KEY = {rule.key: rule for rule in RULES}
PARKING = tuple(rule.key for rule in RULES if rule.parks)
"""Rules whose break keeps the engine from charging the company by itself."""
