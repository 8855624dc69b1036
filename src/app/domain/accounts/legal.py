"""The legal documents and their versions: which words are in force, and which were.

A version is published by adding it here with the day it takes effect, and its words under
`templates/legal/texts/<version>/`. What was published is never edited: `sources` pins it.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final

from app.lib.clock import ISTANBUL, real_now
from app.lib.i18n import N_


@dataclass(frozen=True, slots=True)
class Version:
    """One version of one document."""

    name: str
    effective_on: date
    """From midnight in Istanbul on."""
    sources: tuple[str, str]
    """What its words hash to in Turkish and in English, the parts they include among them."""

    @property
    def effective_at(self) -> datetime:
        return datetime.combine(self.effective_on, time(), ISTANBUL)


@dataclass(frozen=True, slots=True)
class LegalDocument:
    """One document with all its versions, the oldest first."""

    slug: str
    title: str
    versions: tuple[Version, ...]

    def in_force(self, at: datetime) -> Version:
        """Return the version that counts at an instant; before there was any, the first."""
        return next((one for one in reversed(self.versions) if one.effective_at <= at), self.versions[0])

    def named(self, name: str) -> Version | None:
        """Return a version by its name, also one that is announced and not yet in force."""
        return next((one for one in self.versions if one.name == name), None)

    @property
    def version(self) -> str:
        """The name of the version in force now. Law knows no test clock: this is the real now."""
        return self.in_force(real_now()).name


def _first(turkish: str, english: str) -> Version:
    return Version("2026-11", date(2026, 11, 1), (turkish, english))


def _second(turkish: str, english: str) -> Version:
    return Version("2026-11-22", date(2026, 11, 22), (turkish, english))


TERMS: Final = LegalDocument(
    "terms",
    N_("Terms of sale"),
    (_first("dac319816ba086d3", "c46b624ded7ac767"), _second("7dffb5976c3c2739", "75599b1ac3b59a05")),
)
PRIVACY: Final = LegalDocument(
    "privacy",
    N_("Privacy notice (KVKK)"),
    (_first("750a80509e111a97", "cfa4ae958b1baa84"), _second("e363f2dd21f270ea", "28e19a921f9d2351")),
)
CARD_STORAGE: Final = LegalDocument(
    "card-storage", N_("Consent to a stored card"), (_first("4b066a115438fc0d", "3f68879523e6634c"),)
)
PRELIMINARY_INFORMATION: Final = LegalDocument(
    "preliminary-information",
    N_("Preliminary information form"),
    (_second("c731b9f48ac5f604", "8d81512d65427a71"),),
)
DISTANCE_SALES: Final = LegalDocument(
    "distance-sales", N_("Distance sales contract"), (_second("2d80c219b35a4fb3", "55a4514e88cf43c0"),)
)
REFUNDS: Final = LegalDocument(
    "refunds", N_("Refund policy"), (_second("299acb07b9d48e4a", "524da07fb366a718"),)
)
COOKIES: Final = LegalDocument("cookies", N_("Cookies"), (_second("754fafcec6c016f3", "fb08a2a6e8c7b665"),))
DOCUMENTS: Final = {
    document.slug: document
    for document in (
        TERMS,
        DISTANCE_SALES,
        PRELIMINARY_INFORMATION,
        REFUNDS,
        PRIVACY,
        COOKIES,
        CARD_STORAGE,
    )
}
ASKED_OF_PEOPLE: Final = (TERMS, PRIVACY)
"""Accepted by each person at sign-up, and again when a new version takes effect."""
ACCEPTED_WITH_AN_ORDER: Final = (PRELIMINARY_INFORMATION, DISTANCE_SALES)
"""Filled with the order and accepted before each. The consent to a stored card is given with each card."""


def asked_of_people(at: datetime) -> str:
    """Return what a person has accepted who is asked nothing more, as `User.accepted_documents` keeps it."""
    return " ".join(f"{document.slug}:{document.in_force(at).name}" for document in ASKED_OF_PEOPLE)
