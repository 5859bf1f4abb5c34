"""A stream of works becomes a stream of decisions, each work once, whatever happens in between."""

import json
import os
import shutil
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagger import bundles, screening, training
from tagger.bundles import Bundle
from tagger.decisions import Record
from tagger.errors import BundleError, PolicyError, UsageError
from tagger.labels import LabelSet
from tagger.policies import parse
from tagger.predicting import Batch, bundle_at
from tagger.screening import Job, Seen, resume, screen
from tagger.tagging import tag
from tagger.works import Work, text_digest

STORY = "The morning went by slowly in the harbour, and nobody at the long table said very much. " * 4
POLICY = parse('name = "p"\n[warnings]\nreview = 0.3\nhold = 0.9\n[tags]\nreview = 0.9', "p.toml")


def batch(*works: dict[str, Any] | bytes, number: int = 1) -> Batch:
    lines = [work if isinstance(work, bytes) else json.dumps(work).encode() + b"\n" for work in works]
    return Batch(lines=lines, name="works.jsonl", number=number)


def decided(job: Job, *batches: Batch, jobs: int = 1) -> list[Record]:
    return [record for records in screen(batches, job, jobs) for record in records]


@pytest.fixture
def job(stand_in_path: Path) -> Job:
    return Job(stand_in_path, POLICY)


def test_one_record_a_work_in_order(job: Job) -> None:
    works = [{"id": f"{number}", "text": STORY + word} for number, word in enumerate(("war", "tea", "grief", "fluff"))]
    records = decided(job, batch(*works[:2]), batch(*works[2:]))
    assert [record["id"] for record in records] == ["0", "1", "2", "3"]
    assert [record["decision"] for record in records] == ["hold", "approve", "hold", "review"]


def test_what_a_record_says(job: Job, stand_in_path: Path) -> None:
    declared = {"rating": "T", "tags": ["Fluff"], "author": {"trust": "new"}}
    work = {"id": "a", "text": f"{STORY}\n\nThere was war.", **declared}
    (record,) = decided(job, batch(work))
    assert record["text_sha256"] == text_digest(str(work["text"]))
    assert record["author"] == {"trust": "new"}
    assert record["declared"] == {"rating": "T", "warnings": (), "tags": ("Fluff",)}
    assert record["policy"] == {"name": "p", "version": "1", "sha256": POLICY.sha256}
    assert record["model"] == bundles.load(stand_in_path).model
    assert (record["status"], record["share"], record["audit"]) == ("ok", 1.0, False)
    assert [each["label"] for each in record["suggested"]] == ["war"]
    assert record["scores"].keys() >= {"war", "fluff"}
    assert record["reasons"][0]["evidence"] == record["suggested"][0]["evidence"]
    assert "slowly" not in json.dumps(record)


def test_evidence_is_there_below_the_balanced_threshold(job: Job) -> None:
    low = parse('name = "low"\n[warnings]\nreview = 0.0', "low.toml")
    (record,) = decided(Job(job.bundle, low), batch({"id": "a", "text": STORY}))
    assert record["suggested"] == []
    assert record["reasons"]
    assert all(reason["evidence"] and reason["score"] < 0.5 for reason in record["reasons"])


def test_the_text_is_stored_only_where_the_policy_says_so(stand_in_path: Path) -> None:
    keeping = parse('name = "p"\nstore_text = true', "p.toml")
    (record,) = decided(Job(stand_in_path, keeping), batch({"id": "a", "text": STORY}))
    assert record["text"] == STORY


def test_a_bad_record_is_an_error_record(stand_in_path: Path) -> None:
    policy = parse('name = "p"\non_error = "hold"', "p.toml")
    records = decided(Job(stand_in_path, policy), batch({"id": "a", "text": STORY}, b"{\n", {"id": "c", "text": ""}))
    assert [(each["id"], each["status"], each["decision"]) for each in records] == [
        ("a", "ok", "approve"),
        ("works.jsonl:2", "error", "hold"),
        ("c", "error", "hold"),
    ]
    assert records[1]["error"].startswith("works.jsonl:2: not JSON")
    assert (records[1]["text_sha256"], records[1]["source"], records[1]["scores"]) == (None, None, {})


def test_a_work_on_which_the_model_breaks_is_an_error_record_alone(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    def brittle(works: Sequence[Any], **options: Any) -> Any:
        if any(isinstance(work, Work) and work.id == "b" for work in works):
            raise MemoryError("no room")
        return tag(works, **options)

    monkeypatch.setattr(screening, "tag", brittle)
    records = decided(job, batch(*({"id": each, "text": STORY} for each in "abc")))
    assert [each["status"] for each in records] == ["ok", "error", "ok"]
    assert records[1]["decision"] == "review"
    assert "MemoryError" in records[1]["error"]


def test_a_work_without_scores_is_decided_by_on_abstain(job: Job) -> None:
    (record,) = decided(job, batch({"id": "a", "text": "Too short."}))
    assert (record["status"], record["decision"]) == ("abstained", "review")
    assert record["reason"].startswith("too short")


def test_a_work_that_is_posted_twice_is_decided_once(job: Job) -> None:
    work = {"id": "a", "text": STORY}
    other = {"id": "b", "text": STORY}
    records = decided(job, batch(work, other, work), batch(work, b"{\n", number=4), batch(b"{\n", number=5))
    assert [each["id"] for each in records] == ["a", "b", "works.jsonl:5"]


@pytest.mark.parametrize(
    "change",
    [
        {"text": STORY + "!"},
        {"id": "b"},
        {"rating": "M"},
        {"warnings": ["Violence"]},
        {"tags": ["Violence"]},
        {"author": {"trust": "new"}},
    ],
)
def test_what_a_decision_rests_on_makes_it_another(change: dict[str, Any], job: Job) -> None:
    work = {"id": "a", "text": STORY}
    first, second = decided(job, batch(work, work | change))
    assert first["key"] != second["key"]


def test_another_bundle_or_policy_decides_anew(job: Job, bundle_path: Path) -> None:
    works = batch({"id": "a", "text": STORY})
    stricter = parse('name = "p"\nversion = "2"', "p.toml")
    keys = {decided(each, works)[0]["key"] for each in (job, Job(job.bundle, stricter), Job(bundle_path, POLICY))}
    assert len(keys) == 3


def test_the_number_of_jobs_changes_nothing(job: Job) -> None:
    batches = [batch(*({"id": f"{n}.{i}", "text": f"{STORY} {n} {i} war"} for i in range(3))) for n in range(4)]
    assert decided(job, *batches, jobs=2) == decided(job, *batches)


def test_the_cache_changes_nothing(job: Job, tmp_path: Path) -> None:
    from tagger.scorecache import prepare

    prepare(tmp_path / "cache")
    cached = Job(job.bundle, POLICY, tmp_path / "cache", 10)
    works = batch(*({"id": str(n), "text": f"Chapter 1\n\n{STORY} war\n\nChapter 2\n\n{STORY} {n}"} for n in range(5)))
    for _ in range(2):
        assert decided(cached, works) == decided(job, works)


# Going on where a run broke off.


def lines_of(records: Sequence[Record]) -> list[bytes]:
    return [orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in records]


@given(data=st.data())
def test_a_file_cut_anywhere_is_gone_on_with_to_the_same_bytes(
    data: st.DataObject, stand_in_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    job = Job(stand_in_path, POLICY)
    works = [{"id": str(n), "text": f"{STORY} {n % 3}"} for n in range(6)]
    batches = [batch(*works[:3]), batch({"id": "1", "text": f"{STORY} 1"}, b"[]\n", *works[3:], number=4)]
    whole = b"".join(lines_of(decided(job, *batches)))
    path = tmp_path_factory.mktemp("cut") / "decisions.jsonl"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    before = resume(path)
    with path.open("ab") as stream:
        stream.writelines(lines_of(decided(Job(stand_in_path, POLICY, done=before.keys), *batches)))
    assert path.read_bytes() == whole


def test_what_is_decided_is_not_scored_again(job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    works = [{"id": str(n), "text": STORY} for n in range(5)]
    (tmp_path / "d.jsonl").write_bytes(b"".join(lines_of(decided(job, batch(*works[:3])))))
    scored: list[str] = []

    def counting(works: Sequence[Any], **options: Any) -> Any:
        scored.extend(work.id for work in works)
        return tag(works, **options)

    monkeypatch.setattr(screening, "tag", counting)
    records = decided(Job(job.bundle, POLICY, done=resume(tmp_path / "d.jsonl").keys), batch(*works))
    assert [each["id"] for each in records] == scored == ["3", "4"]


def test_resume_counts_works_and_errors(job: Job, tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_bytes(b"".join(lines_of(decided(job, batch({"id": "a", "text": STORY}, b"{\n")))))
    before = resume(path)
    assert (before.works, before.errors, len(before.keys)) == (2, 1, 2)
    assert resume(tmp_path / "none.jsonl").works == 0


def test_what_a_run_left_unfinished_is_taken_over(job: Job, tmp_path: Path) -> None:
    (tmp_path / "d.jsonl.unfinished").write_bytes(b"".join(lines_of(decided(job, batch({"id": "a", "text": STORY})))))
    assert resume(tmp_path / "d.jsonl").works == 1
    assert [path.name for path in tmp_path.iterdir()] == ["d.jsonl"]


@pytest.mark.parametrize("content", [b"Dear diary,\n", b"{}\n", b'{"key": 3, "status": "ok"}\n', b'{"key": "x"}\n'])
def test_another_kind_of_file_is_not_added_to(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "diary.txt"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"diary\.txt:1 is no decision of tagger"):
        resume(path)
    assert path.read_bytes() == content


@given(st.lists(st.integers(0, 40)), st.sets(st.integers(0, 40)))
def test_seen_is_a_set(numbers: list[int], known: set[int]) -> None:
    seen, plain = Seen(np.array(sorted(known), np.uint64)), set(known)
    seen._LATEST = 3  # so that it is put together often
    for number in numbers:
        assert seen.add(number << 58) == (number << 58 not in plain)
        plain.add(number << 58)


def test_what_is_remembered_of_a_work_is_little() -> None:
    seen = Seen()
    numbers = np.random.default_rng(0).integers(0, 1 << 63, 200_000).tolist()
    tracemalloc.start()
    for number in numbers:
        seen.add(number)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used / len(numbers) < 24


# Bundles that are swapped under a running screen.


def swap(new: Path, path: Path) -> None:
    bundles.save(bundles.load(new), path)


def test_a_swapped_bundle_decides_from_the_next_batch_on(
    stand_in_path: Path, bundle_path: Path, tmp_path: Path
) -> None:
    path = tmp_path / "model"
    shutil.copytree(stand_in_path, path)
    stream = screen((batch({"id": str(n), "text": STORY}) for n in range(3)), Job(path, POLICY))
    first = next(stream)
    swap(bundle_path, path)
    second = next(stream)
    assert first[0]["model"] == bundles.load(stand_in_path).model
    assert second[0]["model"] == bundles.load(path).model != first[0]["model"]


def test_a_swap_in_the_midst_of_loading_is_waited_out(
    stand_in_path: Path, bundle_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model"
    shutil.copytree(stand_in_path, path)
    whole, swapped = bundles._check_files, []

    def swap_first(manifest: Any, folder: Path, **how: bool) -> None:
        if not swapped and folder == path:
            swapped.append(True)
            shutil.rmtree(path)
            shutil.copytree(bundle_path, path)
        whole(manifest, folder, **how)

    monkeypatch.setattr(bundles, "_check_files", swap_first)
    assert bundle_at(path).sha256 == bundles.load(bundle_path).sha256


def test_a_swap_between_check_and_mapping_is_noticed(
    stand_in_path: Path, bundle_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model"
    shutil.copytree(stand_in_path, path)
    whole, swapped = bundles._recorded_digest, []

    def swap_late(folder: Path) -> str:
        told = whole(folder)
        if not swapped and folder == path:
            swapped.append(True)
            for file in bundle_path.iterdir():
                shutil.copy(file, path / f"{file.name}.new")
                (path / f"{file.name}.new").replace(path / file.name)
        return told

    monkeypatch.setattr(bundles, "_recorded_digest", swap_late)
    expected = bundles.load(bundle_path)
    swapped.clear()
    found = bundle_at(path)
    assert found.sha256 == expected.sha256
    assert np.array_equal(found.weights.matrix, expected.weights.matrix)


def test_a_moment_without_a_bundle_is_waited_out(stand_in_path: Path, tmp_path: Path) -> None:
    import threading
    import time

    path, aside = tmp_path / "model", tmp_path / ".model.1.old"
    shutil.copytree(stand_in_path, path)
    path.rename(aside)

    def come_back() -> None:
        time.sleep(0.2)
        aside.rename(path)

    thread = threading.Thread(target=come_back)
    thread.start()
    assert bundle_at(path).sha256 == bundles.load(stand_in_path).sha256
    thread.join()


def test_a_bundle_that_stays_broken_is_told_at_once(stand_in_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "model"
    shutil.copytree(stand_in_path, path)
    os.truncate(path / "weights.npy", 100)
    with pytest.raises(BundleError, match=r"weights\.npy has 100 bytes"):
        bundle_at(path)


def test_a_bundle_that_the_policy_does_not_fit_ends_the_run(
    stand_in_path: Path, labels: LabelSet, tmp_path: Path
) -> None:
    unlearned = training.stand_in(labels)
    unlearned.supported[labels.index("war")] = False
    bundles.save(unlearned, tmp_path / "model")
    policy = parse('name = "p"\n[labels.war]\nhold = 0.5', "p.toml")
    with pytest.raises(PolicyError, match="which the model never learned"):
        decided(Job(tmp_path / "model", policy), batch({"id": "a", "text": STORY}))
    assert decided(Job(stand_in_path, policy), batch({"id": "a", "text": STORY}))
    assert isinstance(unlearned, Bundle)
