"""What the trail says of a change: the changed fields alone, and never what it must not repeat."""

import re
from typing import TypeVar

from sqlalchemy import LargeBinary
from sqlalchemy.orm import make_transient_to_detached

from app.db.base import Base
from app.db.encrypted import EncryptedText
from app.db.models import Company, User
from app.domain.audit.changes import changes_of, difference
from app.domain.audit.redaction import REDACTED, REDACTED_FIELDS, is_redacted
from app.domain.people.changed_fields import changed_fields
from app.lib.ids import uuid7

Row = TypeVar("Row", bound=Base)
SUSPICIOUS = re.compile(
    r"hash|digest|secret|token|password|passphrase|cipher|signature|sha256|payload|(^|_)(key|pan|bin|cvv|iban|ip)(_|$)"
    r"|expiry|email|mailbox|phone|address|full_name|tax_number|recipient"
)
HARMLESS = {
    "StoredCard.requires_cvv": "whether a code is asked for, and no code",
    "User.email_verified_at": "an instant",
}
"""Columns whose names sound like it, and why the trail may repeat them."""


def known(model: type[Row], **values: object) -> Row:
    """Return a row as it was read from the database."""
    row = model(id=uuid7(), **values)
    make_transient_to_detached(row)
    return row


def test_no_model_has_a_secret_that_the_trail_would_repeat() -> None:
    told, looked_at = [], 0
    for mapper in Base.registry.mappers:
        for attribute in mapper.column_attrs:
            column, name = attribute.columns[0], f"{mapper.class_.__name__}.{attribute.key}"
            is_secret = isinstance(column.type, (EncryptedText, LargeBinary)) or SUSPICIOUS.search(
                column.name
            )
            looked_at += bool(is_secret)
            if is_secret and name not in HARMLESS and not is_redacted(column):
                told.append(name)
    assert looked_at > 20
    assert told == [], "name it in audit/redaction.py, or say here why it is harmless"


def test_every_redacted_field_is_one_that_there_is() -> None:
    columns = {column.name for table in Base.metadata.tables.values() for column in table.columns}
    assert columns >= REDACTED_FIELDS


def test_only_what_changed_is_told_with_what_it_was() -> None:
    company = known(Company, name="Işık", legal_name="Işık A.Ş.", tax_office="Kadıköy", phone=None)
    company.legal_name, company.tax_office = "Işık Yazılım A.Ş.", "Kadıköy"
    changes = changes_of(company)
    assert (changes.before, changes.after) == (
        {"legal_name": "Işık A.Ş."},
        {"legal_name": "Işık Yazılım A.Ş."},
    )
    assert not changes_of(known(Company, name="Işık"))


def test_of_secrets_and_of_what_is_personal_it_is_told_that_they_changed() -> None:
    user = known(User, email="ada@example.com", full_name="Ada", password_hash="$argon2id$old", language="tr")
    user.email, user.full_name, user.password_hash = "ada@example.org", "Ada Çağlar", "$argon2id$new"
    user.language = "en"
    changes = changes_of(user)
    hidden = dict.fromkeys(("email", "full_name", "password_hash"), REDACTED)
    assert changes.before == {**hidden, "language": "tr"}
    assert changes.after == {**hidden, "language": "en"}
    company = known(Company, name="Işık", phone=None)
    company.phone = "+90 216 123 45 67"
    assert (changes_of(company).before, changes_of(company).after) == ({"phone": None}, {"phone": REDACTED})


def test_states_of_a_thing_differ_where_they_differ() -> None:
    changes = difference(
        {"role": "admin", "phone": "1", "name": "x"}, {"role": "owner", "phone": "2", "name": "x"}
    )
    assert changes.before == {"role": "admin", "phone": REDACTED}
    assert changes.after == {"role": "owner", "phone": REDACTED}
    assert not difference({"a": 1}, {"a": 1})


def test_a_change_reads_as_a_sentence_of_its_reader() -> None:
    before, after = (
        {"role": "admin", "phone": None, "odd": 1},
        {"role": "owner", "phone": REDACTED, "odd": True},
    )
    assert [str(change) for change in changed_fields(before, after, "en")] == [
        "odd: 1 → Yes",
        "Phone: – → not kept",
        "Role: Admin → Owner",
    ]
    assert str(changed_fields(before, after, "tr")[2]) == "Rol: Yönetici → Sahibi"
    assert changed_fields(None, None, "en") == []
