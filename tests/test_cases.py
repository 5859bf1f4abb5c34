"""A table of cases holds a policy to what it is meant to do, and shows what another would change."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tagger import cases, policies, training
from tagger.bundles import Bundle
from tagger.cases import Change
from tagger.cli import app
from tagger.errors import DataError
from tagger.labels import LabelSet
from tagger.policies import parse
from tagger.predicting import Batch
from tagger.screening import Job, screen
from tagger.shipped import default_bundle

EXAMPLES = Path(__file__).parents[1] / "examples" / "policies"
TABLE = EXAMPLES / "cases.jsonl"
NAMES = ("validation-queue", "moderated-exchange", "adults-only")
ROWS = [json.loads(line) for line in TABLE.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def stand_in(labels: LabelSet) -> Bundle:
    return training.stand_in(labels)


def test_the_table_is_worth_its_name() -> None:
    assert len(ROWS) >= 80
    assert len({row["id"] for row in ROWS}) == len(ROWS)
    for name in NAMES:
        assert {row["expect"][name] for row in ROWS} == {"approve", "review", "hold"}


@pytest.mark.parametrize("name", NAMES)
def test_each_example_decides_every_case_as_expected(name: str, stand_in: Bundle) -> None:
    policy = policies.load(EXAMPLES / f"{name}.toml")
    found = list(cases.differences(cases.load(TABLE, stand_in), policy, stand_in))
    assert found == [None] * len(ROWS)


@pytest.mark.parametrize("name", NAMES)
def test_each_rule_of_an_example_decides_some_case(name: str, stand_in: Bundle) -> None:
    policy = policies.load(EXAMPLES / f"{name}.toml")
    decided = {
        reason["rule"]
        for case in cases.load(TABLE, stand_in)
        for reason in cases.decide(case.facts, policy, stand_in.labels).reasons
    }
    assert decided >= {rule.name for rule in policy.rules}
    assert decided >= {f"labels.{label}" for label in policy.labels}


@pytest.mark.parametrize("before", NAMES)
@pytest.mark.parametrize("after", NAMES)
def test_a_shadow_run_tells_each_change_of_the_table(before: str, after: str, stand_in: Bundle) -> None:
    own, other = (policies.load(EXAMPLES / f"{name}.toml") for name in (before, after))
    found = [each for each in cases.changes(cases.load(TABLE, stand_in), own, other, stand_in) if each]
    expected = [
        (row["id"], row["expect"][before], row["expect"][after])
        for row in ROWS
        if row["expect"][before] != row["expect"][after]
    ]
    assert [(each.id, each.before, each.after) for each in found] == expected
    told = {direction: rules.total() for direction, rules in cases.directions(found).items()}
    assert told == Counter((before, after) for _, before, after in expected)


def test_a_shadow_run_names_the_rules(stand_in: Bundle) -> None:
    own = parse('name = "own"\n[warnings]\nreview = 0.5', "own.toml")
    when = '{ label = "graphic-violence", at_least = 0.9 }'
    rule = f'[[rule]]\nname = "gore"\nwhen = {when}\ndecision = "hold"\nmessage = "m"'
    other = parse(f'name = "other"\n{rule}', "other.toml")
    lines = [{"id": "a", "scores": {"graphic-violence": 0.95}}, {"id": "b", "scores": {"war": 0.6}}, {"id": "c"}]
    read = [cases.read(json.dumps(line).encode(), "c.jsonl:1", stand_in) for line in lines]
    assert list(cases.changes(read, own, other, stand_in)) == [
        Change("a", "review", "hold", "warnings", "gore"),
        Change("b", "review", "approve", "warnings", "otherwise"),
        None,
    ]


def test_a_wrong_expectation_is_found(stand_in: Bundle) -> None:
    policy = policies.load(EXAMPLES / "validation-queue.toml")
    wrong = {"approve": "hold", "review": "approve", "hold": "review"}
    for row in ROWS:
        line = json.dumps({**row, "expect": wrong[row["expect"]["validation-queue"]]}).encode()
        (found,) = cases.differences([cases.read(line, "c.jsonl:1", stand_in)], policy, stand_in)
        assert found
        assert (found.id, found.found) == (row["id"], row["expect"]["validation-queue"])


def test_a_wrong_code_is_found(stand_in: Bundle) -> None:
    policy = policies.load(EXAMPLES / "validation-queue.toml")
    line = b'{"author": {"trust": "new"}, "expect": "review", "codes": ["old-author"]}'
    (found,) = cases.differences([cases.read(line, "c.jsonl:1", stand_in)], policy, stand_in)
    assert found
    assert (found.expected_codes, found.codes, found.rule) == (("old-author",), ("new-author",), "new-author")


def test_a_case_for_another_policy_is_passed_over(stand_in: Bundle) -> None:
    case = cases.read(b'{"expect": {"another": "hold"}}', "c.jsonl:1", stand_in)
    assert list(cases.differences([case], parse('name = "p"', "p.toml"), stand_in)) == []


STORY = "The morning went by slowly in the harbour, and nobody at the long table said very much. " * 4
WORKS: list[dict[str, Any]] = [
    {"id": "1", "text": STORY},
    {"id": "2", "text": STORY + "violence", "rating": "General", "tags": ["No violence", "Fluff"]},
    {"id": "3", "text": STORY + "graphic violence, and sexual content", "author": {"trust": "known"}},
    {"id": "4", "text": "Too short."},
    {"id": "5", "text": 7},
    {"id": "6", "text": f"Title: Tea\nRating: E\n\nChapter 1\n\n{STORY}grief\n\nChapter 2\n\n{STORY * 9}war"},
    {"id": "7", "text": STORY * 9 + "fluff, violence and a character death", "tags": ["Fluff"], "rating": "T"},
    {"id": "9", "text": f"{STORY}\n\n" * 20, "rating": "T", "author": {"trust": "known"}},
    {"id": "8", "text": STORY, "warnings": ["Underage"], "rating": "M", "author": {"trust": "trusted"}},
]


@pytest.mark.parametrize("name", NAMES)
def test_recorded_decisions_are_decided_again_as_they_were(name: str, stand_in_path: Path, stand_in: Bundle) -> None:
    policy = policies.load(EXAMPLES / f"{name}.toml")
    lines = [json.dumps(work).encode() + b"\n" for work in WORKS]
    (records,) = screen([Batch(lines=lines, name="works.jsonl")], Job(stand_in_path, policy))
    assert len({record["decision"] for record in records}) > 1
    for record in records:
        codes = [reason["code"] for reason in record["reasons"]]
        case = cases.read(json.dumps({**record, "codes": codes}).encode(), "d.jsonl:1", stand_in)
        assert list(cases.differences([case], policy, stand_in)) == [None]


def test_the_case_in_the_docs_is_decided_as_it_says(stand_in: Bundle) -> None:
    page = (EXAMPLES.parents[1] / "docs" / "screening.md").read_text("utf-8")
    (line,) = (line for line in page.splitlines() if line.strip().startswith('{"id"') and '"expect"' in line)
    policy = policies.load(EXAMPLES / "validation-queue.toml")
    assert list(cases.differences([cases.read(line.encode(), "docs", stand_in)], policy, stand_in)) == [None]


def test_a_work_is_a_case_too(stand_in: Bundle) -> None:
    line = json.dumps({**WORKS[2], "expect": "hold"}).encode()
    policy = parse('name = "p"\n[warnings]\nhold = 0.5', "p.toml")
    assert list(cases.differences([cases.read(line, "c.jsonl:1", stand_in)], policy, stand_in)) == [None]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"{", "c.jsonl:3: not JSON"),
        (b"[]", "c.jsonl:3: is no object"),
        (b'{"expct": "hold"}', "c.jsonl:3: there is no key 'expct'; the keys of a case are"),
        (b'{"expect": "ignore"}', "c.jsonl:3: expects 'ignore'"),
        (b'{"expect": 3}', "c.jsonl:3: expects 3"),
        (b'{"codes": "x"}', 'c.jsonl:3: "codes" is a list'),
        (b'{"scores": {"violense": 0.5}}', "c.jsonl:3: .*violense"),
        (b'{"scores": {"violence": "high"}}', "c.jsonl:3: a value of it will not do"),
        (b'{"scores": 3}', "c.jsonl:3: a value of it will not do"),
        (b'{"abstained": "bored"}', "c.jsonl:3: a value of it will not do"),
        (b'{"form": ["ugly"]}', "c.jsonl:3: form is"),
        (b'{"scores": {"war": 0.9}, "prominence": {"war": "loud"}}', "c.jsonl:3: the prominence of war is 'loud'"),
        (b'{"suggested": [{"label": "war"}]}', "c.jsonl:3: a value of it will not do"),
        (b'{"text": ""}', 'c.jsonl:3: "text" is empty'),
    ],
)
def test_what_is_no_case_is_told_with_its_place(line: bytes, told: str, stand_in: Bundle) -> None:
    with pytest.raises(DataError, match=told) as raised:
        cases.read(line, "c.jsonl:3", stand_in)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_model_decides_the_table_alike(name: str) -> None:
    done = CliRunner().invoke(app, ["policy", "test", str(EXAMPLES / f"{name}.toml"), str(TABLE)])
    assert (done.exit_code, done.stdout) == (0, f"{len(ROWS)} cases, 0 decided otherwise than expected\n")
    assert default_bundle().is_dir()


def test_policy_test_prints_what_differs_and_fails(stand_in_path: Path, tmp_path: Path) -> None:
    table = tmp_path / "cases.jsonl"
    known = '{"id": "b", "author": {"trust": "known"}, "expect": "approve"}'
    table.write_text(f'{{"id": "a", "expect": "approve"}}\n\n{known}\n')
    command = ["policy", "test", str(EXAMPLES / "validation-queue.toml"), str(table), "-m", str(stand_in_path)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "a: expected approve, and it is review, by new-author",
        "2 cases, 1 decided otherwise than expected",
    ]


def test_policy_test_with_a_shadow_prints_works_directions_and_rules(stand_in_path: Path, tmp_path: Path) -> None:
    table = tmp_path / "cases.jsonl"
    table.write_text('{"id": "a"}\n{"id": "b", "declared": {"rating": "T"}}\n{"id": "c", "abstained": "not-prose"}\n')
    own, other = (str(EXAMPLES / f"{name}.toml") for name in ("validation-queue", "moderated-exchange"))
    done = CliRunner().invoke(app, ["policy", "test", own, str(table), "--shadow", other, "-m", str(stand_in_path)])
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "3 works, 3 would change",
        "  review -> hold: 2",
        "      2 by must-rate (now by new-author)",
        "  review -> approve: 1",
        "      1 by otherwise (now by new-author)",
        "a: review -> hold, by must-rate (now by new-author)",
        "b: review -> approve, by otherwise (now by new-author)",
        "c: review -> hold, by must-rate (now by new-author)",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_policy_show(name: str) -> None:
    path = EXAMPLES / f"{name}.toml"
    done = CliRunner().invoke(app, ["policy", "show", str(path)])
    assert done.exit_code == 0
    for rule in policies.load(path).rules:
        assert f". {rule.name}: {rule.decision} ({rule.code})" in done.stdout


def test_cases_that_expect_nothing_are_no_test(tmp_path: Path, stand_in_path: Path) -> None:
    table = tmp_path / "cases.jsonl"
    table.write_text("{}\n")
    command = ["policy", "test", str(EXAMPLES / "adults-only.toml"), str(table), "-m", str(stand_in_path)]
    done = CliRunner().invoke(app, command)
    assert isinstance(done.exception, DataError)
    assert "no case says" in str(done.exception)
