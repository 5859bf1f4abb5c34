"""What was counted in a chapter is remembered, and what comes of it is the same to the bit."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tagger import scorecache
from tagger.bundles import Bundle, load
from tagger.errors import OutputError, UsageError
from tagger.readers.text import read_text
from tagger.reading import Reading, read
from tagger.scorecache import ScoreCache, open_cache, prepare
from tagger.tagging import Options, tag
from tagger.works import Chapter, LabelledWork, Work

NO_WORDS = Options(words=0)


@pytest.fixture(scope="module")
def saved(bundle_path: Path) -> Bundle:
    """The small bundle as it is loaded, with its digest."""
    return load(bundle_path)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[ScoreCache]:
    assert not prepare(tmp_path / "cache")
    opened = open_cache(tmp_path / "cache")
    with closing(opened.connection):
        yield opened


@pytest.fixture
def read_by(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts of the chapters that are read, as they are read."""
    seen: list[str] = []

    def reading(works: list[Work], bundle: Bundle) -> Reading:
        seen.extend(work.text[chapter.start : chapter.end] for work in works for chapter in work.chapters)
        return read(works, bundle)

    monkeypatch.setattr(scorecache, "read", reading)
    return seen


def work_of(*texts: str, id: str = "w", hard_wrapped: bool = False) -> Work:
    """A work with a chapter for each text, and headings between."""
    text, chapters = "", []
    for number, each in enumerate(texts, 1):
        text += f"Chapter {number}\n\n"
        chapters.append(Chapter(f"Chapter {number}", len(text), len(text) + len(each)))
        text += each + "\n\n"
    return Work(id, text, tuple(chapters), hard_wrapped=hard_wrapped)


def same(one: Reading, other: Reading) -> bool:
    """Whether two readings agree in all that is remembered."""
    arrays = [(one.rows, other.rows), (one.known, other.known), (one.total, other.total)]
    arrays += [(one.margins, other.margins), *zip(one.observed, other.observed, strict=True)]
    return one.passages == other.passages and all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in arrays)


def results(works: list[Work], bundle: Bundle, reader: Callable[..., Reading] | None) -> list[object]:
    return [
        {key: value for key, value in result.items() if key != "timing_ms"}
        for result in tag(works, bundle, NO_WORDS, reader)
    ]


def test_whole_stories_twice(cache: ScoreCache, saved: Bundle, corpus: list[LabelledWork], read_by: list[str]) -> None:
    works = [each.work for each in corpus]
    expected = results(works, saved, None)
    assert results(works, saved, cache.read) == expected
    assert len(read_by) >= len(works)
    read_by.clear()
    assert results(works, saved, cache.read) == expected
    assert read_by == []


def test_a_new_chapter_is_read_alone(
    cache: ScoreCache, saved: Bundle, corpus: list[LabelledWork], read_by: list[str]
) -> None:
    texts = [each.work.text for each in corpus[:6]]
    cache.read([work_of(*texts[:5])], saved)
    read_by.clear()
    longer = work_of(*texts)
    reading = cache.read([longer], saved)
    assert read_by == [texts[5]]
    assert same(reading, read([longer], saved))
    assert results([longer], saved, cache.read) == results([longer], saved, None)


def test_a_changed_chapter_is_read_again(cache: ScoreCache, saved: Bundle, read_by: list[str]) -> None:
    cache.read([work_of("One.", "Two.", "Three.")], saved)
    read_by.clear()
    cache.read([work_of("One.", "Two!", "Three.")], saved)
    assert read_by == ["Two!"]


def test_another_bundle_reads_for_itself(
    cache: ScoreCache, saved: Bundle, stand_in_path: Path, read_by: list[str]
) -> None:
    cache.read([work_of("One.")], saved)
    cache.read([work_of("One.")], load(stand_in_path))
    assert read_by == ["One.", "One."]


def test_wrapped_lines_are_another_text(cache: ScoreCache, saved: Bundle, read_by: list[str]) -> None:
    for hard_wrapped in (False, True):
        work = work_of("One\ntwo\n\nthree.", hard_wrapped=hard_wrapped)
        assert same(cache.read([work], saved), read([work], saved))
    assert len(read_by) == 2


# Accents that are characters of their own, and letters that only normalizing changes, wherever they stand.
pieces = st.sampled_from(
    [
        "The knife fell. ",
        "She wept.\n\n",
        "cafe\u0301 ",
        "\u2126 \u212b ",
        "* * *\n\n",
        "One\r\ntwo ",
        "\rlast ",
        "Blood! " * 90,
    ]
)
texts = st.lists(st.lists(pieces, max_size=12).map("".join), min_size=1, max_size=4)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(works=st.lists(st.tuples(texts, st.booleans()), min_size=1, max_size=4))
def test_any_works_in_any_company(works: list[tuple[list[str], bool]], cache: ScoreCache, saved: Bundle) -> None:
    made = [work_of(*each, hard_wrapped=wrapped) for each, wrapped in works]
    whole = [read([work], saved) for work in made]
    together = cache.read(made, saved)
    assert same(together, read(made, saved))
    for work, alone in zip(made, whole, strict=True):
        assert same(cache.read([work], saved), alone)


def test_a_file_that_was_read_for_real(cache: ScoreCache, saved: Bundle) -> None:
    path = Path(__file__).parents[1] / "examples" / "the-lighthouse-watch.txt"
    work = read_text(path.read_bytes(), path.name)
    for _ in range(2):
        assert results([work], saved, cache.read) == results([work], saved, None)


def chapter(number: int) -> str:
    return f"Story {number}. " + "The morning went by slowly in the harbour, and nobody said very much. " * 60


def test_it_keeps_to_its_size_and_drops_what_was_used_least(tmp_path: Path, saved: Bundle, read_by: list[str]) -> None:
    path = tmp_path / "cache"
    prepare(path)
    cache = open_cache(path)._replace(limit=120_000)
    favourite = work_of(chapter(0))
    for number in range(1, 200):
        cache.read([work_of(chapter(number))], saved)
        cache.read([favourite], saved)
        assert path.stat().st_size <= cache.limit
    assert read_by.count(chapter(0)) == 1
    read_by.clear()
    cache.read([work_of(chapter(199))], saved)
    assert read_by == []
    cache.read([work_of(chapter(1))], saved)
    assert read_by == [chapter(1)]
    cache.connection.close()


def test_a_broken_file_is_moved_aside(cache: ScoreCache, saved: Bundle, tmp_path: Path) -> None:
    path = tmp_path / "cache"
    cache.read([work_of(chapter(number)) for number in range(40)], saved)
    cache.connection.close()
    size = path.stat().st_size
    os.truncate(path, size // 2)
    assert prepare(path)
    assert not prepare(path)
    assert path.with_name("cache.broken").stat().st_size == size // 2
    again = open_cache(path)
    assert same(again.read([work_of(chapter(1))], saved), read([work_of(chapter(1))], saved))
    again.connection.close()


def test_what_is_no_database_is_moved_aside_too(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("Dear diary, " * 999)
    assert prepare(tmp_path / "cache")
    assert (tmp_path / "cache.broken").read_text().startswith("Dear diary")


def test_somebody_elses_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE items (id TEXT)")
    before = path.read_bytes()
    with pytest.raises(UsageError, match="not a cache of tagger"):
        prepare(path)
    assert path.read_bytes() == before


def test_a_fallen_bit_is_noticed(cache: ScoreCache, saved: Bundle, read_by: list[str]) -> None:
    work = work_of(chapter(1))
    cache.read([work], saved)
    (data,) = cache.connection.execute("SELECT data FROM chapters").fetchone()
    spoiled = data[:-2] + bytes([data[-2] ^ 1]) + data[-1:]
    cache.connection.execute("UPDATE chapters SET data = ?", (spoiled,))
    assert same(cache.read([work], saved), read([work], saved))
    assert len(read_by) == 2


def test_a_database_in_trouble_costs_nothing_but_time(cache: ScoreCache, saved: Bundle) -> None:
    cache.connection.execute("DROP TABLE chapters")
    work = work_of(chapter(1))
    assert same(cache.read([work], saved), read([work], saved))


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write the cache"):
        prepare(tmp_path / "no" / "cache")


def test_works_without_a_chapter_or_a_word(cache: ScoreCache, saved: Bundle) -> None:
    empty = [Work("a", "", ()), work_of(""), work_of("One.", "", "Two.")]
    for _ in range(2):
        assert same(cache.read(empty, saved), read(empty, saved))
    assert same(cache.read([], saved), read([], saved))
