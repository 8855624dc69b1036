"""`tezgah paytr sign`: the offline twin of PayTR's hash calculator."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from app.domain.payments.paytr.signing import FORMULAS

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "paytr_vectors.json").read_text(encoding="utf-8")
)
QUESTION = VECTORS["formulas"]["status_query"]["vectors"][0]
STATUS_QUERY = {key: QUESTION[key] for key in ("merchant_id", "merchant_key", "merchant_salt", "fields")}


def sign(formula: str, given: Any, *options: str) -> Result:
    text = given if isinstance(given, str | bytes) else json.dumps(given)
    return CliRunner().invoke(main, ["paytr", "sign", formula, *options], input=text)


@pytest.mark.parametrize("formula", FORMULAS)
def test_an_array_gives_a_token_a_line_for_every_vector(formula: str) -> None:
    vectors = VECTORS["formulas"][formula]["vectors"]
    answer = sign(formula, vectors)
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert answer.stdout.splitlines() == [vector["token"] for vector in vectors]


def test_published_vectors_are_reproduced_too() -> None:
    for vector in VECTORS["external_vectors"]:
        assert sign(vector["formula"], vector).stdout == vector["token"] + "\n"


def test_one_object_prints_its_bare_token() -> None:
    assert sign("status_query", STATUS_QUERY).stdout == QUESTION["token"] + "\n"


def test_json_answers_one_with_an_object_and_many_with_an_array() -> None:
    row = {"formula": "status_query", "token": QUESTION["token"]}
    assert json.loads(sign("status_query", STATUS_QUERY, "--json").stdout) == row
    assert json.loads(sign("status_query", [STATUS_QUERY] * 2, "--json").stdout) == [row, row]
    assert json.loads(sign("status_query", [], "--json").stdout) == []
    assert sign("status_query", []).stdout == ""


def test_a_number_is_signed_as_it_is_written() -> None:
    fields = '{"merchant_oid": "A1", "return_amount": %s}'
    template = '{"merchant_id": 1, "merchant_key": "k", "merchant_salt": "s", "fields": ' + fields + "}"
    tokens = {text: sign("refund", template % text).stdout for text in ("10.5", "10.50", '"10.50"', "11")}
    assert tokens["10.50"] == tokens['"10.50"']
    assert len(set(tokens.values())) == 3


def test_letters_outside_ascii_are_signed_as_utf8() -> None:
    given = {**STATUS_QUERY, "merchant_salt": "tuzŞ"}
    escaped = sign("status_query", given)
    plain = sign("status_query", json.dumps(given, ensure_ascii=False).encode())
    assert escaped.exit_code == 0
    assert escaped.stdout == plain.stdout


@pytest.mark.parametrize(
    ("formula", "given", "words"),
    [
        ("status", STATUS_QUERY, "'status' is not one of"),
        ("status_query", "", "not JSON"),
        ("status_query", "{", "not JSON"),
        ("status_query", b"\xff\xff", "not JSON"),
        ("status_query", '{"fields": {"merchant_oid": NaN}}', "not JSON"),
        ("status_query", "5", "Object 1 is no JSON object"),
        ("status_query", {**STATUS_QUERY, "fields": "A1"}, "Object 1 is no JSON object with `fields`"),
        ("status_query", {**STATUS_QUERY, "fields": {}}, "Object 1: status_query also signs merchant_oid"),
        ("status_query", {**STATUS_QUERY, "fields": {"merchant_oid": None}}, "field merchant_oid is neither"),
        ("status_query", {**STATUS_QUERY, "fields": {"merchant_oid": True}}, "field merchant_oid is neither"),
        ("status_query", {**STATUS_QUERY, "merchant_key": ""}, "also needs merchant_key"),
        ("status_query", {"fields": {"merchant_oid": "A"}}, "merchant_id, merchant_key, merchant_salt"),
    ],
)
def test_what_cannot_be_signed_ends_with_2_and_a_sentence(formula: str, given: Any, words: str) -> None:
    answer = sign(formula, given)
    assert answer.exit_code == 2
    assert answer.stdout == ""
    assert words in answer.stderr
    assert "Traceback" not in answer.stderr


def test_one_wrong_object_of_many_prints_no_token_at_all() -> None:
    answer = sign("status_query", [STATUS_QUERY, {**STATUS_QUERY, "fields": {}}])
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert "Object 2" in answer.stderr


def test_a_merchant_id_is_needed_only_where_it_is_signed() -> None:
    vector = VECTORS["formulas"]["card_list"]["vectors"][0]
    without = {key: value for key, value in vector.items() if key != "merchant_id"}
    assert sign("card_list", without).stdout == vector["token"] + "\n"


def test_no_refusal_repeats_a_secret() -> None:
    answer = sign("status_query", {**STATUS_QUERY, "fields": {}})
    assert STATUS_QUERY["merchant_key"] not in answer.stderr
    assert STATUS_QUERY["merchant_salt"] not in answer.stderr
