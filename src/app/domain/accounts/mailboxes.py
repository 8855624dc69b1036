"""A mailbox without its name: what is left of whoever had a trial and is deleted (docs/adr/0032)."""

from app.lib.crypto import Keys, digest, digests

PURPOSE = "trial-mailbox"


def digest_of_mailbox(keys: Keys, mailbox: str) -> str:
    """Return what stands for a mailbox; without the key nobody can try addresses against it."""
    return digest(keys, PURPOSE, mailbox)


def digests_of_mailbox(keys: Keys, mailbox: str) -> list[str]:
    """Return the same under every key: a digest from before a change of keys is still found."""
    return digests(keys, PURPOSE, mailbox)
