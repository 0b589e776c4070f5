"""The pure parts of the judge of the API: its table, tokens, counts, what it reads of others."""

from __future__ import annotations

import http.client
import json
import subprocess
from pathlib import Path

import pytest

from harness.issuer import Issuer, encoded, raw_signature
from judges import api_described, api_figures, api_findings
from judges.api_calls import without_head
from judges.api_client import PROBLEM, Reply, wrong
from judges.api_proxy import Passing
from judges.api_rights import PEOPLE, claims
from judges.api_who import CALLS, SINGLE

# What the roles of people have, as README says it.
VERBS = {
    "viewer": {"get", "list", "watch"},
    "editor": {"create", "get", "list", "patch", "update", "watch"},
    "admin": {"create", "delete", "deletedata", "get", "list", "patch", "update", "watch"},
    "stranger": set(),
}
OPENAPI = Path(__file__).resolve().parents[3] / "operator/openapi.json"


def reply(status: int, body: object = None, kind: str = "application/json") -> Reply:
    """An answer."""
    headers = http.client.HTTPMessage()
    headers["Content-Type"] = kind
    return Reply(status, headers, b"" if body is None else json.dumps(body).encode())


def test_the_table_of_who_may_what_follows_from_the_verbs() -> None:
    for call in CALLS:
        assert call.may == tuple(who for who in PEOPLE if call.needs <= VERBS[who]), call.name


def test_each_verb_is_one_that_a_call_needs_alone() -> None:
    alone = {verb for verb in SINGLE for call in CALLS if call.needs == {verb}}
    assert alone | {"deletedata"} == set(SINGLE)


def test_the_table_has_each_operation_of_the_description() -> None:
    paths = json.loads(OPENAPI.read_text(encoding="utf-8"))["paths"]
    secured = [it for path in paths.values() for it in path.values() if it.get("security") != []]
    # Two more for PUT, one more for DELETE.
    assert len(CALLS) == len(secured) + 3


def test_a_stranger_has_no_group() -> None:
    assert "groups" not in claims("stranger")
    assert claims("viewer")["groups"] == ["viewers"]


def test_a_signature_is_its_two_numbers() -> None:
    der = bytes.fromhex("300702020080" + "020105")
    assert raw_signature(der) == (128).to_bytes(32, "big") + (5).to_bytes(32, "big")
    with pytest.raises(ValueError, match="sequence"):
        raw_signature(b"nonsense")
    assert encoded(b"\xff\xfe") == "__4"


def test_the_tokens_of_the_issuer_are_signed_by_its_keys(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path)
    issuer.server.server_close()
    head, claims_of, signature = issuer.token("someone", sub="ada").split(".")
    assert len({head, claims_of, signature}) == 3
    keys = issuer.server.documents["/keys"]["keys"]
    assert [it["kid"] for it in keys] == ["RS256", "ES256"]
    asked = ["openssl", "rsa", "-in", "RS256.key", "-pubout", "-out", "RS256.pub"]
    subprocess.run(asked, cwd=issuer.folder, check=True, capture_output=True)
    assert len(issuer.token("someone", way="ES256").split(".")[2]) == 86


def test_a_file_of_a_tree_begins_with_a_comment() -> None:
    assert without_head(b"# Made.\n# By us.\na: 1\n# b\n") == b"a: 1\n# b\n"


def test_an_answer_is_held_against_what_is_expected() -> None:
    problem = {"type": "urn:espalier:problem:x", "title": "t", "status": 404, "instance": "i"}
    assert wrong("a", reply(200), 200) == []
    assert wrong("a", reply(404, problem, PROBLEM), 404, "x") == []
    assert wrong("a", reply(404, problem, PROBLEM), 404, "y")
    assert wrong("a", reply(404, {**problem, "status": 403}, PROBLEM), 404, "x")
    assert wrong("a", reply(500), 200)


SAID = """
=================================== FAILURES ===================================
_______________________________ GET /v1/workspaces _______________________________
1. Test Case ID: x

- Undocumented HTTP status code

    Received: 418

Reproduce with:

    curl -X GET http://127.0.0.1:1/v1/workspaces

=================================== SUMMARY ====================================

Test cases:
  120 generated, 1 found 1 unique failures

============================ 1 failure in 3.20s ============================
"""


def test_what_schemathesis_says_is_read() -> None:
    found = api_described.failures(SAID)
    assert len(found) == 1
    assert found[0].startswith("GET /v1/workspaces: Undocumented HTTP status code: curl")
    assert "120 generated" in api_described.counted(SAID)
    assert api_described.failures("all is well") == []


def test_own_time_is_without_that_of_the_api_server() -> None:
    log = [
        {
            "verb": "get",
            "objectRef": {"name": "a"},
            "requestReceivedTimestamp": "2026-01-01T00:00:00.000000Z",
            "stageTimestamp": "2026-01-01T00:00:00.002000Z",
        },
        {"verb": "create", "objectRef": {"resource": "tokenreviews"}},
    ]
    own = api_figures.own_times({"a": 0.003, "b": 1.0}, api_figures.by_audit(log))
    assert own == [pytest.approx(0.001, abs=1e-6)]
    assert api_figures.quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert api_figures.quantile([1.0], 0.99) == 1.0


def test_a_workspace_names_itself() -> None:
    assert api_findings.name_of(b"metadata: {name: team-a}") == "team-a"
    for text in (b"a: [", b"[]", b"metadata: x", b"metadata: {name: Team}", b"metadata: {name: 1}"):
        assert api_findings.name_of(text) == ""


def test_findings_that_differ_are_told_in_short() -> None:
    one = {"code": "a", "line": 1}
    assert "['line']" in api_findings.differs([one], [{"code": "a", "line": 2}])
    assert "['a']" in api_findings.differs([one], [])


def test_a_passing_request_has_no_answer_yet() -> None:
    assert Passing("GET", "/", {}, b"").status == 0
