"""A policy file is strict: what it says is what is meant, or it does not load."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from tagger import policies
from tagger.errors import PolicyError
from tagger.labels import LabelSet
from tagger.policies import STANCES, Bands, Policy, When, parse

EXAMPLES = sorted((Path(__file__).parents[1] / "examples" / "policies").glob("*.toml"))
RULE = 'name = "p"\n[[rule]]\nname = "r"\nmessage = "m"\n'


def test_what_is_left_out_has_its_default() -> None:
    policy = parse('name = "calm"', "p.toml")
    assert (policy.gather, policy.otherwise, policy.on_error, policy.on_abstain) == (
        "first",
        "approve",
        "review",
        "review",
    )
    assert (policy.audit, policy.store_text, policy.allow_auto_reject, policy.rules) == (0.02, False, False, ())
    assert policy.bands_of("violence", "warning") == Bands(None, None, STANCES)


def test_rules_keep_their_order_and_names() -> None:
    policy = parse(RULE + 'when = { label = "war", below = 0.2 }\ndecision = "hold"\ncode = "c"', "p.toml")
    (rule,) = policy.rules
    assert (rule.name, rule.decision, rule.code, rule.message) == ("r", "hold", "c", "m")
    assert (rule.when.label, rule.when.below, rule.when.at_least) == (("war",), 0.2, None)


def test_a_rule_without_a_code_has_its_name_for_one() -> None:
    assert parse(RULE + 'when = { words_below = 9 }\ndecision = "hold"', "p.toml").rules[0].code == "r"


def test_names_of_ratings_and_warnings_may_be_written_in_any_case() -> None:
    text = RULE + 'when = { rating = "explicit", archive_warning = ["rape/non-con"] }\ndecision = "hold"'
    when = parse(text, "p.toml").rules[0].when
    assert (when.rating, when.archive_warning) == (("Explicit",), ("Rape/Non-Con",))


def test_a_labels_own_bands_go_before_those_of_its_kind() -> None:
    policy = parse('name = "p"\n[warnings]\nreview = 0.7\n[tags]\nhold = 0.9\n[labels.war]\nhold = 0.4', "p.toml")
    assert policy.bands_of("war", "warning").hold == 0.4
    assert policy.bands_of("war", "warning").review is None
    assert policy.bands_of("grief", "warning").review == 0.7
    assert policy.bands_of("fluff", "tag").hold == 0.9


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "'name' is missing"),
        ("name = 3", "name must be a text"),
        ('name = "p"\nnmae = "p"', "no key 'nmae'; the keys are name, version"),
        ('name = "p"\ngather = "most"', "gather is 'most'; choose first or all"),
        ('name = "p"\naudit = 2', "audit must be a number from 0 to 1"),
        ('name = "p"\naudit = true', "audit must be a number from 0 to 1"),
        ('name = "p"\nstore_text = "yes"', "store_text must be true or false"),
        ('name = "p"\non_error = "ignore"', "on_error is 'ignore'; choose approve, review, hold or reject"),
        ('name = "p"\n[labels.war]\napprove = 0.5', "labels.war.there is no key 'approve'"),
        ('name = "p"\n[labels.war]\nreview = 0.9\nhold = 0.5', "labels.war: review = 0.9 is above hold = 0.5"),
        ('name = "p"\nlabels = 3', "labels must be written [labels.ID]"),
        ('name = "p"\nrule = 3', "rule must be written [[rule]]"),
        ('name = "p"\nrule = [3]', "rule 1 is a table"),
        (RULE + 'decision = "hold"', "rule 1 ('r'): 'when' is missing"),
        (RULE + 'when = {}\ndecision = "hold"', "rule 1 ('r'): when is empty"),
        (RULE + 'when = { labl = "war" }\ndecision = "hold"', "when.there is no key 'labl'; the keys are label,"),
        (RULE + 'when = { label = "war" }\ndecision = "hold"', "when.label: say what of it"),
        (RULE + 'when = { at_least = 0.5 }\ndecision = "hold"', "when.at_least is asked of a label"),
        (RULE + 'when = { label = [], below = 1 }\ndecision = "hold"', "when.label is empty"),
        (RULE + 'when = { form = "ugly" }\ndecision = "hold"', "when.form has 'ugly'; choose no-paragraphs,"),
        (RULE + 'when = { rating = "PG" }\ndecision = "hold"', "when.rating has 'PG'; choose Not Rated,"),
        (RULE + 'when = { words_below = -1 }\ndecision = "hold"', "when.words_below must be a whole number"),
        (RULE + 'when = { words_below = 1.5 }\ndecision = "hold"', "when.words_below must be a whole number"),
        (RULE + 'when = { trust = 3 }\ndecision = "hold"', "when.trust must be a text"),
        ('name = "p"\n[[rule]]\nname = "r"\nwhen = { words_below = 9 }\ndecision = "hold"', "'message' is missing"),
        ('name = "p"\n[tags]\nmessage = "{text}"', "tags.message has more in braces than it may ('text')"),
        ('name = "p"\n[tags]\nmessage = "{label.name}"', "more in braces"),
        ('name = "p"\n[tags]\nmessage = "{score:.9f}"', "more in braces"),
        ('name = "p"\n[tags]\nmessage = "{score!r}"', "more in braces"),
        ('name = "p"\n[tags]\nmessage = "{"', "a brace is written {{ or }}"),
        ("name = ", "is not valid TOML"),
    ],
)
def test_what_will_not_do_is_refused_with_its_place(text: str, told: str) -> None:
    with pytest.raises(PolicyError, match=re.escape(told)) as raised:
        parse(text, "p.toml")
    assert str(raised.value).startswith("p.toml")
    assert "\n" not in str(raised.value)


def test_two_rules_of_one_name_are_refused() -> None:
    rule = '[[rule]]\nname = "r"\nwhen = { words_below = 9 }\ndecision = "approve"\n'
    with pytest.raises(PolicyError, match="two rules are named 'r'"):
        parse('name = "p"\n' + rule + rule, "p.toml")


@pytest.mark.parametrize(
    "text",
    [
        'name = "p"\notherwise = "reject"\n',
        'name = "p"\non_error = "reject"\n',
        'name = "p"\non_abstain = "reject"\n',
        'name = "p"\n[[rule]]\nname = "r"\nwhen = { words_below = 9 }\ndecision = "reject"\nmessage = "m"\n',
    ],
)
def test_rejecting_unseen_needs_leave(text: str) -> None:
    with pytest.raises(PolicyError, match="allow_auto_reject = true"):
        parse(text, "p.toml")
    assert parse("allow_auto_reject = true\n" + text, "p.toml").allow_auto_reject


def test_the_digest_is_of_the_meaning() -> None:
    one = parse('name = "p"\naudit = 0.5\n[tags]\nhold = 1', "p.toml")
    same = parse('# a comment\naudit = 0.50\nname = "p"\notherwise = "approve"\n[tags]\nhold = 1.0', "q.toml")
    other = parse('name = "p"\naudit = 0.5\n[tags]\nhold = 0.99', "p.toml")
    assert one.sha256 == same.sha256 != other.sha256


def test_a_label_that_does_not_exist_is_refused(labels: LabelSet) -> None:
    learned = [True] * len(labels)
    for text in (
        'name = "p"\n[labels.violense]\nhold = 1',
        RULE + 'when = { label = "violense", below = 1 }\ndecision = "hold"',
    ):
        with pytest.raises(PolicyError, match=r"the policy p: .*violense.*violence"):
            policies.check_against(parse(text, "p.toml"), labels, learned, "English")


def test_a_score_that_the_model_cannot_give_is_refused(labels: LabelSet) -> None:
    learned = [label != "war" for label in labels.ids]
    scored = parse(RULE + 'when = { label = "war", at_least = 0.5 }\ndecision = "hold"', "p.toml")
    with pytest.raises(PolicyError, match="rule 'r' asks for the score of war, which the model never learned"):
        policies.check_against(scored, labels, learned, "English")
    declared = parse(RULE + 'when = { label = "war", declared = "yes" }\ndecision = "hold"', "p.toml")
    policies.check_against(declared, labels, learned, "English")


def test_a_model_of_another_language_is_refused(labels: LabelSet) -> None:
    policy = parse('name = "p"\nlanguage = "German"', "p.toml")
    with pytest.raises(PolicyError, match="works in German, and the model reads English"):
        policies.check_against(policy, labels, [True] * len(labels), "English")
    policies.check_against(policy, labels, [True] * len(labels), "german")


def test_evidence_is_wanted_from_the_least_score_on_at_which_something_is_done(labels: LabelSet) -> None:
    text = 'name = "p"\n[tags]\nhold = 0.9\n[labels.war]\nreview = 0.4\nhold = 0.8\n'
    rule = '[[rule]]\nname = "r"\nmessage = "m"\ndecision = "hold"\n'
    policy = parse(text + rule + 'when = { label = ["war", "fluff"], at_least = 0.2 }', "p.toml")
    found = policies.floors(policy, labels)
    assert (found["war"], found["fluff"], found["angst"]) == (0.2, 0.2, 0.9)
    assert "grief" not in found


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_each_example_loads(path: Path, labels: LabelSet) -> None:
    policy = policies.load(path)
    assert policy.name == path.stem
    assert policy.rules
    policies.check_against(policy, labels, [True] * len(labels), "English")


def test_the_docs_show_every_default_and_every_condition() -> None:
    page = (Path(__file__).parents[1] / "docs" / "screening.md").read_text("utf-8")
    shown = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert shown
    policy, defaults = parse(shown[1], "screening.md"), Policy("our-archive")
    tables = ("warnings", "labels", "rules")
    for each in fields(Policy):
        assert (getattr(policy, each.name) == getattr(defaults, each.name)) == (each.name not in tables), each.name
    rows = {name for row in re.findall(r"^\| (`.*?) \|", page, re.MULTILINE) for name in re.findall(r"`(\w+) =", row)}
    assert rows == {each.name for each in fields(When)}


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_bytes(b'name = "\xff"')
    for path in (tmp_path, tmp_path / "none.toml", tmp_path / "p.toml"):
        with pytest.raises(PolicyError, match="cannot read the policy"):
            policies.load(path)
