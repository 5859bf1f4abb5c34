"""`tagger policy`: show a policy, test it on cases, and see what another one would change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagger.cli.options import Model, model_path
from tagger.errors import printable

if TYPE_CHECKING:
    from tagger.bundles import Bundle
    from tagger.cases import Change, Difference
    from tagger.policies import Bands, Policy, Rule

app = typer.Typer(no_args_is_help=True, help="Show a policy, test it, and see what another one would change.")

PolicyFile = Annotated[Path, typer.Argument(metavar="POLICY", help="The policy's file (TOML).")]


@app.command()
def show(policy: PolicyFile) -> None:
    """Print a policy as it is understood: its rules in order, its bands, and what holds when no rule does."""
    from tagger import policies

    print("\n".join(_shown(policies.load(policy))))


@app.command("test")
def compare(
    policy: PolicyFile,
    cases: Annotated[
        Path, typer.Argument(metavar="CASES", help="JSON Lines: cases, works, or what `tagger screen` has decided.")
    ],
    shadow: Annotated[
        Path | None, typer.Option(metavar="OTHER", help="Print what this policy would change, if it took its place.")
    ] = None,
    model: Model = None,
) -> None:
    """Decide cases by a policy, and print what comes out otherwise than expected; exit with 1 if anything does.

    With --shadow nothing is expected: it prints which works another policy would decide differently, and by which rule.
    """
    from tagger import cases as cases_file
    from tagger import policies
    from tagger.predicting import bundle_at
    from tagger.screening import check_policy

    bundle = bundle_at(model_path(model))
    own = policies.load(policy)
    check_policy(own, bundle)
    if shadow is not None:
        other = policies.load(shadow)
        check_policy(other, bundle)
        found = list(cases_file.changes(cases_file.load(cases, bundle), own, other, bundle))
        print("\n".join(_changes([each for each in found if each], len(found))))
        return
    if _test(own, cases, bundle):
        raise typer.Exit(1)


def _test(policy: Policy, path: Path, bundle: Bundle) -> int:
    """Print each difference; how many there are."""
    from tagger import cases
    from tagger.errors import DataError

    found = list(cases.differences(cases.load(path, bundle), policy, bundle))
    if not found:
        raise DataError(f'{path}: no case says what to "expect"; to compare two policies use --shadow')
    differing = [each for each in found if each]
    for each in differing:
        print("\n".join(_difference(each)))
    print(f"{len(found):,} cases, {len(differing):,} decided otherwise than expected")
    return len(differing)


def _difference(each: Difference) -> Iterator[str]:
    yield f"{printable(each.id)}: expected {each.expected}, and it is {each.found}, by {each.rule}"
    if each.expected_codes != each.codes:
        yield f"    expected the codes {', '.join(each.expected_codes)}, and they are {', '.join(each.codes) or 'none'}"


def _changes(changed: Sequence[Change], n_works: int) -> Iterator[str]:
    """The directions with their rules, and then the works."""
    from tagger.cases import directions

    yield f"{n_works:,} works, {len(changed):,} would change"
    for (before, after), by_rules in directions(changed).items():
        yield f"  {before} -> {after}: {by_rules.total():,}"
        for (rule_before, rule_after), count in by_rules.most_common():
            yield f"      {count:,} by {rule_after} (now by {rule_before})"
    for each in changed:
        rules = f"{each.rule_after} (now by {each.rule_before})"
        yield f"{printable(each.id)}: {each.before} -> {each.after}, by {rules}"


def _shown(policy: Policy) -> Iterator[str]:
    yield f"{policy.name} {policy.version}  {policy.sha256[:12]}"
    how = {"first": "the first rule that holds decides", "all": "all rules speak, and the strictest decides"}
    yield f"  {how[policy.gather]}; otherwise {policy.otherwise}"
    yield f"  on error {policy.on_error}, without scores {policy.on_abstain}, {policy.audit:.1%} of approvals audited"
    yield f"  the text of a work is {'' if policy.store_text else 'not '}stored"
    for number, rule in enumerate(policy.rules, 1):
        yield from _rule(number, rule)
    tables = {"warnings": policy.warnings, "tags": policy.tags}
    tables |= {f"labels.{label}": bands for label, bands in policy.labels.items()}
    for name, bands in tables.items():
        if bands.review is not None or bands.hold is not None:
            yield f"  {name}: {_bands(bands)}"


def _rule(number: int, rule: Rule) -> Iterator[str]:
    yield f"  {number}. {rule.name}: {rule.decision} ({rule.code})"
    told = [f"{name} {_value(value)}" for name, value in rule.when.asked.items()]
    yield f"       when {'; '.join(told)}"
    if rule.message:
        yield f"       “{printable(rule.message)}”"


def _bands(bands: Bands) -> str:
    levels = {"review": bands.review, "hold": bands.hold}
    told = [f"{name} from {level:g}" for name, level in levels.items() if level is not None]
    return f"{', '.join(told)}, where declared {_value(bands.declared)}"


def _value(value: Any) -> str:
    return " or ".join(value) if isinstance(value, tuple) else f"{value:g}"
