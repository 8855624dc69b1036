"""Find secrets that were put into a tracked file by mistake: `make check` runs it over every one of them.

Two kinds: what its own form gives away (keys and tokens of known services, private keys, passwords in
addresses), and long random text that is given to something named like a secret. What is meant to be there
stands in ALLOWED, with its reason.
"""

import math
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LARGEST = 1_000_000
FORMS = {
    "private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    "AWS key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{50,})\b"),
    "GitLab token": re.compile(r"\bglpat-[\w-]{20,}\b"),
    "Slack token": re.compile(r"\bxox[abprs]-[\w-]{10,}\b"),
    "Stripe key": re.compile(r"\b[rs]k_live_[0-9A-Za-z]{16,}\b"),
    "Google key": re.compile(r"\bAIza[\w-]{35}\b"),
    "npm or PyPI token": re.compile(r"\b(?:npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{40,})"),
    "signed token": re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    "password in an address": re.compile(
        r"\b[a-z][a-z0-9+]*://[^\s:/@\"'<>{}$]+:(?!password@|secret@)"
        r"[^\s:/@\"'<>{}$%]{6,}@(?!localhost|127\.)"
    ),
}
GIVEN = re.compile(
    r"(?i)\b\w*(?:secret|password|passwd|token|api_?key|merchant_key|merchant_salt)\w*[\"']?\s*[:=]\s*"
    r"[\"']?([A-Za-z0-9+/_=-]{20,})[\"']?"
)
"""Text that something named like a secret is set to."""
RANDOM_BITS = 3.8
"""Bits a character, at which text is taken for random; words and names in code stay below."""
WORDS = 5
"""Parts between dashes, above which text is taken for a sentence: `some-words-that-nobody-drew-2`."""
GENERATED = re.compile(r"(?:^|/)(?:package-lock\.json|requirements/.*\.txt)$|\.(?:png|ttf|svg|po|pdf)$")
ALLOWED = {
    "tests/unit/paytr/paytr_vectors.json": "signatures over made-up orders, with a made-up merchant's key",
    "tests/unit/notifications/localhost.pem": "the key of a mail server that only a test talks to",
}


def main() -> int:
    """Print every finding and return how many there are, at most 1."""
    files = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    found = [line for name in files if name for line in findings(name)]
    for line in found:
        print(line)
    if found:
        print("Remove it and change the secret: what was committed is known. See docs/secrets.md.")
    return 1 if found else 0


def findings(name: str) -> Iterator[str]:
    """Yield what is wrong with one tracked file, without showing the secret itself."""
    path = ROOT / name
    if name in ALLOWED or GENERATED.search(name) or not path.is_file() or path.stat().st_size > LARGEST:
        return
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return
    for number, line in enumerate(text.splitlines(), 1):
        for kind in kinds_in(line):
            yield f"{name}:{number}: {kind}"


def kinds_in(line: str) -> list[str]:
    """Return what a line seems to hold."""
    kinds = [kind for kind, form in FORMS.items() if form.search(line)]
    if any(is_random(given[1]) for given in GIVEN.finditer(line)):
        kinds.append("random text given to a secret")
    return kinds


def is_random(text: str) -> bool:
    """Say whether text looks drawn and not written: letters and digits mixed, of many kinds each."""
    is_sentence = len(re.split("[-_]", text)) > WORDS
    has_both = any(letter.isdigit() for letter in text) and any(letter.isalpha() for letter in text)
    counts = Counter(text)
    bits = -sum(count / len(text) * math.log2(count / len(text)) for count in counts.values())
    return has_both and not is_sentence and bits >= RANDOM_BITS


if __name__ == "__main__":
    sys.exit(main())
