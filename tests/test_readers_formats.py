"""One story in every format: the same text, declared alike, the same scores; and evidence that stands in the file."""

import html
import json
import random
import re
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from fixtures import make_epub, make_formats
from typer.testing import CliRunner, Result

from tagger.bundles import Bundle
from tagger.cli import app
from tagger.errors import WorkError
from tagger.predicting import Job, gather, predict
from tagger.readers import SUFFIXES, holds_table, read_bytes, tables
from tagger.readers.encoding import decode
from tagger.readers.jsonl import read_record
from tagger.tagging import Options, tag
from tagger.works import Declared, Failure, Work, locate

FILES = make_formats.files()
NOTHING = BytesIO()


def normal(text: str) -> str:
    """The words and signs alone: without marks of emphasis, scene breaks and how lines break."""
    return " ".join(text.replace("*", "").split())


STORY = [(title, normal(" ".join(paragraphs))) for title, paragraphs in make_formats.BODIES]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All the files, and a database."""
    folder = tmp_path_factory.mktemp("formats")
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    make_formats.write_sqlite(folder / "story.sqlite")
    return folder


def read(path: Path) -> list[Work | Failure]:
    """The works of a file, whatever it holds."""
    if holds_table(path):
        return list(tables.works(path))
    if path.suffix == ".jsonl":
        return [read_record(line, path.name) for line in path.read_bytes().splitlines() if line.strip()]
    try:
        return [read_bytes(path.read_bytes(), path.name)]
    except WorkError as error:
        return [Failure(path.name, str(error))]


@pytest.fixture(scope="module")
def works(folder: Path) -> dict[str, Work]:
    """The work that each file holds."""
    found = {path.name: read(path)[0] for path in sorted(folder.iterdir())}
    return {name: work for name, work in found.items() if isinstance(work, Work)}


NAMES = [*FILES, "story.sqlite"]


@pytest.mark.parametrize("name", NAMES)
def test_every_format_gives_the_same_story(works: dict[str, Work], name: str) -> None:
    work = works[name]
    assert [(each.title, normal(work.text[each.start : each.end])) for each in work.chapters] == STORY
    assert work.declared == Declared(make_formats.RATING, tuple(make_formats.WARNINGS), tuple(make_formats.TAGS))


def test_every_format_gets_the_same_scores(works: dict[str, Work], bundle: Bundle) -> None:
    results = {name: tag([work], bundle)[0] for name, work in works.items()}
    scores = results["story.txt"]["scores"]
    assert results["story.txt"]["suggested"]  # there is something to get wrong
    for name, result in results.items():
        assert result["scores"] == pytest.approx(scores, abs=0.02), name
        assert result["source"]["words"] == pytest.approx(results["story.txt"]["source"]["words"], abs=4), name
        assert result["source"]["chapters"] == 2, name


@pytest.mark.parametrize("name", [name for name in NAMES if Path(name).suffix not in {".jsonl", ".csv", ".sqlite"}])
def test_evidence_stands_in_the_file(works: dict[str, Work], bundle: Bundle, name: str) -> None:
    (result,) = tag([works[name]], bundle, Options(quotes=True))
    pieces = [piece for each in result["suggested"] for piece in each["evidence"]]
    assert pieces
    for piece in pieces:
        part = piece.get("part")
        assert bool(part) == (Path(name).suffix in {".epub", ".docx"})
        data = FILES[name] if not part else zipfile.ZipFile(BytesIO(FILES[name])).read(part)
        written = decode(data)[0][piece["start"] : piece["end"]]
        assert as_read(written, Path(name).suffix) == normal(piece["quote"])


def test_a_mended_page_of_a_book_still_says_where_its_text_stands() -> None:
    stories = {"one.xhtml": "<p>It\u00ad was &#1076;&#1072;.</p>", "two.xhtml": "<h2>Two</h2><p>La\u200bte.</p>"}
    pages = {name: make_epub.page(story) for name, story in stories.items()}
    work = read_bytes(make_epub.zipped(make_epub.book(pages)), "tea.epub")
    where = {"да": "&#1076;&#1072;", "а.": "&#1072;.", "It was": "It\u00ad was", "Late": "La\u200bte"}
    for sought, written in where.items():
        start = work.text.index(sought)
        place = locate(work, start, start + len(sought))
        assert pages[place.part][place.start : place.end] == written


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The file cut short, with a stretch gone or twice, or with some bytes that are others."""
    start, end = sorted(chance.choices(range(len(data)), k=2))
    others = bytearray(data)
    for at in chance.choices(range(len(data)), k=chance.choice((1, 3, 30, 200))):
        others[at] = chance.randrange(256)
    cuts = (data[:start], data[:start] + data[end:], data[:end] + data[start:], bytes(others), bytes(others))
    return chance.choice(cuts)


@pytest.mark.parametrize("name", NAMES)
def test_a_mutated_file_is_a_work_or_an_error_of_one_line(folder: Path, tmp_path: Path, name: str) -> None:
    chance = random.Random(name)
    whole = (folder / name).read_bytes()
    file = tmp_path / name
    for _ in range(200):
        file.write_bytes(mutated(whole, chance))
        for work in read(file):
            if isinstance(work, Failure):
                assert "\n" not in work.error
                continue
            for chapter in work.chapters:
                place = locate(work, chapter.start, chapter.end)
                assert 0 <= chapter.start <= chapter.end <= len(work.text)
                assert 0 <= place.start <= place.end


def as_read(source: str, suffix: str) -> str:
    """What a stretch of a file says, without all that marks it up."""
    if suffix == ".rtf":
        source = re.sub(r"\\u(\d+)\?", lambda match: chr(int(match[1])), source)
        return normal(re.sub(r"\\[a-z]+\d* ?|[{}]", "", source))
    if suffix in {".html", ".epub", ".docx"}:
        source = html.unescape(re.sub(r"<[^>]*>", "", re.sub(r"</(?:p|w:p)>|<hr />", r" ", source)))
    return normal(source)


@pytest.fixture
def run(stand_in_path: Path):
    """Run `tagger predict` in this process, with the stand-in for a model."""

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(app, ["predict", "-m", str(stand_in_path), "-f", "jsonl", *map(str, arguments)])

    return run


def test_a_folder_of_everything_with_a_broken_file_in_it(folder: Path, run) -> None:
    broken = folder / "cut.epub"
    broken.write_bytes(FILES["story-ao3.epub"][:700])
    try:
        ended = run(folder)
    finally:
        broken.unlink()
    results = [json.loads(line) for line in ended.stdout.splitlines()]
    assert ended.exit_code == 4
    assert len(results) == len(NAMES) + 1
    assert {each["id"]: each["error"] for each in results if each["status"] != "ok"} == {
        str(broken): f"{broken}: is no zip file, or a broken one; download it again"
    }
    assert ended.stderr == f"tagger: {broken}: is no zip file, or a broken one; download it again\n"
    own = {"from-lines", "from-table", "from-database"}
    files = {str(folder / name) for name in NAMES if Path(name).suffix not in {".jsonl", ".csv", ".sqlite"}}
    assert {each["id"] for each in results} == own | files | {str(broken)}


@pytest.mark.parametrize("name", [name for name in NAMES if Path(name).suffix not in {".md", ".csv", ".jsonl"}])
def test_content_alone_tells_what_a_file_is(folder: Path, tmp_path: Path, run, name: str) -> None:
    nameless = tmp_path / "story"
    nameless.write_bytes((folder / name).read_bytes())
    (result,) = map(json.loads, run(nameless).stdout.splitlines())
    (named,) = map(json.loads, run(folder / name).stdout.splitlines())
    assert result["source"] == named["source"]
    assert result["scores"] == named["scores"]


@pytest.mark.parametrize("name", NAMES)
def test_a_format_asked_for_goes_before_what_a_name_says(folder: Path, tmp_path: Path, run, name: str) -> None:
    asked_for = "fanficfare" if "fanficfare" in name else SUFFIXES.get(Path(name).suffix, Path(name).suffix[1:])
    misnamed = tmp_path / "story.log"
    misnamed.write_bytes((folder / name).read_bytes())
    (result,) = map(json.loads, run(misnamed, "--input-format", asked_for).stdout.splitlines())
    (named,) = map(json.loads, run(folder / name).stdout.splitlines())
    assert result["source"] == named["source"]
    assert result["scores"] == named["scores"]


@pytest.mark.parametrize("name", ["story.rtf", "story.docx", "story-ao3.epub", "story-ao3.html", "story.txt"])
def test_standard_input_may_be_any_file(works: dict[str, Work], stand_in_path: Path, name: str) -> None:
    (outcome,) = predict(gather([Path("-")], BytesIO(FILES[name])), Job(stand_in_path))
    assert (outcome.id, outcome.status) == ("-", "ok")
    assert json.loads(outcome.rendered)["source"]["format"] == works[name].source.format
