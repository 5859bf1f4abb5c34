"""screen(): a stream of works -> one decision a work, in order, each work once, however often the run breaks off.

Every decision has a key over all that it rests on. A key that was met before, in this stream or in the file of a run
that broke off, is passed over: so the file in the end is that of a run that never did, and a work that is posted twice
is decided once. What is remembered of a key is eight bytes.
"""

from __future__ import annotations

import gc
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import orjson

from tagger.arrays import U64, NDArray
from tagger.bundles import Bundle
from tagger.decisions import SCHEMA, Record, Shown, decide, is_audited, places, share_seen
from tagger.errors import OutputError, TaggerError, UsageError
from tagger.facts import Facts, facts_of
from tagger.form import find_form
from tagger.labels import LabelSet
from tagger.parallel import LOCAL, Engine, map_batches
from tagger.policies import Policy, check_against, floors
from tagger.predicting import GC_THRESHOLD, Batch, bundle_at, carried, works_in
from tagger.results import DeclaredFacts, ModelFacts, Result, Suggestion
from tagger.tagging import Options, Reader, tag
from tagger.works import Failure, Work, text_digest

_NO_KEYS: U64 = np.zeros(0, np.uint64)


@dataclass(frozen=True)
class Job:
    """What is done with every batch: decide it by the bundle at this path and the policy, but for works whose keys are
    `done`, uint64, rising; remember chapters in `cache`, of `cache_megabytes`.
    """

    bundle: Path
    policy: Policy
    cache: Path | None = None
    cache_megabytes: int = 0
    done: U64 = field(default_factory=_NO_KEYS.copy)


class Screened(NamedTuple):
    """One work: its key's first eight bytes, and its record; None where the key is among those done."""

    key: int
    record: Record | None


class Examined(NamedTuple):
    """What the model and the work itself have to say."""

    result: Result
    facts: Facts


def screen(batches: Iterable[Batch], job: Job, jobs: int = 1, engine: Engine = LOCAL) -> Iterator[list[Record]]:
    """The decisions on each batch, in order, whatever the number of jobs and the engine; a key that comes again is left
    out.
    """
    seen = Seen(job.done)
    batches = carried(batches, engine)
    for batch in map_batches(partial(run, job), batches, jobs, engine, folders=[job.bundle]):
        yield [record for key, record in batch if seen.add(key) and record is not None]


def run(job: Job, batch: Batch) -> list[Screened]:
    """Read and decide one batch, by whichever bundle stands there now."""
    gc.set_threshold(GC_THRESHOLD)
    bundle, policy = bundle_at(job.bundle), job.policy
    check_policy(policy, bundle)
    works = list(works_in(batch))
    keys = [key_of(work, bundle.model, policy) for work in works]
    numbers = np.array([number_of(key) for key in keys], np.uint64)
    is_new = ~_are_among(numbers, job.done)
    new = [work for work, wanted in zip(works, is_new.tolist(), strict=True) if wanted]
    reader = _cache_at(job.cache, job.cache_megabytes) if job.cache else None
    examined = iter(examine(new, bundle, floors(policy, bundle.labels), reader))
    return [
        Screened(number, record_of(work, key, next(examined), policy, bundle.labels) if wanted else None)
        for work, key, number, wanted in zip(works, keys, numbers.tolist(), is_new.tolist(), strict=True)
    ]


def check_policy(policy: Policy, bundle: Bundle) -> None:
    """Raise PolicyError where the policy asks for what this bundle cannot say."""
    check_against(policy, bundle.labels, bundle.supported.tolist(), bundle.recipe.language)


@lru_cache(maxsize=1)
def _cache_at(path: Path, megabytes: int) -> Reader:
    from tagger.scorecache import open_cache

    return open_cache(path, megabytes).read


def examine(
    works: Sequence[Work | Failure], bundle: Bundle, least: Mapping[str, float], reader: Reader | None = None
) -> list[Examined]:
    """The result and the facts of each work. There is evidence for every label that reaches its balanced threshold, or
    the `least` score, 0..1, that a policy acts on.
    """
    balanced = dict(zip(bundle.labels.ids, bundle.thresholds[1].tolist(), strict=True))
    lowered = {label: score for label, score in least.items() if score < balanced[label]}
    results = _tagged(works, partial(tag, bundle=bundle, options=Options(thresholds=lowered, words=0), reader=reader))
    return [_examined(work, result, bundle.labels) for work, result in zip(works, results, strict=True)]


def _tagged(works: Sequence[Work | Failure], tag_all: Callable[..., list[Result]]) -> list[Result]:
    """The results; where the model breaks on a batch, its works one by one, so that one alone is an error."""
    try:
        return tag_all(works)
    except TaggerError:
        raise
    except Exception as error:
        if len(works) == 1:
            return tag_all([Failure(works[0].id, f"{works[0].id}: the model failed on it ({error!r})")])
        return [result for work in works for result in _tagged([work], tag_all)]


def _examined(work: Work | Failure, result: Result, labels: LabelSet) -> Examined:
    if isinstance(work, Failure) or result["status"] == "error":
        return Examined(result, Facts("error"))
    form = find_form(work, result["source"]["words"])
    return Examined(result, facts_of(result, labels, work.trust, form))


def key_of(work: Work | Failure, model: ModelFacts, policy: Policy) -> str:
    """The sha256, in hex, of all that a decision rests on."""
    if isinstance(work, Failure):
        own: tuple[object, ...] = (work.id, work.error)
    else:
        declared = work.declared
        own = (work.id, text_digest(work.text), declared.rating, declared.warnings, declared.tags, work.trust)
    return sha256(orjson.dumps((SCHEMA, *own, model["sha256"], policy.sha256))).hexdigest()


def number_of(key: str) -> int:
    """A key's first eight bytes as a number: what is remembered of it."""
    return int(key[:16], 16)


def record_of(work: Work | Failure, key: str, examined: Examined, policy: Policy, labels: LabelSet) -> Record:
    """The decision on a work, as it is written."""
    result, facts = examined
    decision, reasons = decide(facts, policy, labels)
    record: Record = {
        "schema": SCHEMA,
        "id": work.id,
        "key": key,
        "text_sha256": text_digest(work.text) if isinstance(work, Work) else None,
        "status": result["status"],
        "decision": decision,
        "reasons": reasons,
        "audit": decision == "approve" and is_audited(work.id, policy.audit),
        "share": share_seen(decision, policy.audit),
        "model": result["model"],
        "policy": {"name": policy.name, "version": policy.version, "sha256": policy.sha256},
        "declared": result.get("declared", NOTHING),
        "author": {"trust": facts.trust},
        "suggested": [_shown(each) for each in facts.suggested.values()],
        "scores": dict(facts.scores),
        "source": result.get("source"),
        "form": list(facts.form),
    }
    if "reason" in result:
        record["reason"] = result["reason"]
    if "error" in result:
        record["error"] = result["error"]
    if policy.store_text and isinstance(work, Work):
        record["text"] = work.text
    return record


NOTHING: DeclaredFacts = {"rating": None, "warnings": (), "tags": ()}


def _shown(suggestion: Suggestion) -> Shown:
    return {
        "label": suggestion["label"],
        "kind": suggestion["kind"],
        "score": suggestion["score"],
        "band": suggestion["band"],
        "prominence": suggestion["prominence"],
        "evidence": places(suggestion["evidence"]),
    }


class Resumed(NamedTuple):
    """What a run that broke off has decided: the keys' numbers, uint64, rising; how many works; and errors of them."""

    keys: U64 = _NO_KEYS
    works: int = 0
    errors: int = 0


def resume(path: Path) -> Resumed:
    """What is decided in a file of records, whose last line is taken away where it is cut short; nothing if there is no
    file. What an earlier run left in FILE.unfinished is taken over.

    UsageError if the file holds anything else; OutputError if it cannot be read or mended.
    """
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        if not path.exists() and unfinished.exists():
            unfinished.replace(path)
        if not path.exists():
            return Resumed()
        with path.open("r+b") as stream:
            return _read_records(stream, path)
    except OSError as error:
        raise OutputError(f"cannot go on with {path}: {error.strerror or error}") from error


def _read_records(stream: BinaryIO, path: Path) -> Resumed:
    keys, errors, whole = array("Q"), 0, 0
    for number, line in enumerate(stream, 1):
        if not line.endswith(b"\n"):
            stream.truncate(whole)
            break
        try:
            record = orjson.loads(line)
            keys.append(number_of(record["key"]))
            errors += record["status"] == "error"
        except (ValueError, KeyError, TypeError):
            raise UsageError(f"{path}:{number} is no decision of tagger; choose another file with -o") from None
        whole += len(line)
    return Resumed(np.unique(np.array(keys, np.uint64)), len(keys), errors)


class Seen:
    """A set of numbers below 2^64 that takes little more than eight bytes for each: most of them in one rising array,
    the latest in a set, which joins it now and then.
    """

    _LATEST = 1 << 15

    def __init__(self, known: U64 = _NO_KEYS) -> None:
        self._known = known
        self._latest: set[int] = set()

    def add(self, number: int) -> bool:
        """Add a number; whether it is new.

        >>> seen = Seen()
        >>> seen.add(7), seen.add(7)
        (True, False)
        """
        if number in self._latest or _are_among(np.array([number], np.uint64), self._known)[0]:
            return False
        self._latest.add(number)
        if len(self._latest) >= self._LATEST:
            latest = np.array(sorted(self._latest), np.uint64)
            self._known = np.insert(self._known, np.searchsorted(self._known, latest), latest)
            self._latest.clear()
        return True


def _are_among(numbers: U64, known: U64) -> NDArray[np.bool_]:
    """Which numbers are among the known, which rise."""
    if not len(known):
        return np.zeros(len(numbers), bool)
    found: NDArray[np.bool_] = known.take(np.searchsorted(known, numbers), mode="clip") == numbers
    return found
