"""A work of four million words is read in little memory."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

WORDS = 4_000_000
LIMIT = 200_000_000  # beside the bundle, which is mapped

# Runs `tagger`, then tells its greatest use of memory in KiB. (getrusage would count what this process uses, too:
# Linux hands it down to a child.)
MEASURED = """
import re, sys
from pathlib import Path
from tagger.cli import main

try:
    main()
finally:
    print(re.search("VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1], file=sys.stderr)
"""


def write_novel(path: Path, sentences: list[str], opening: str) -> None:
    """Write chapters of shuffled sentences, by and by; some of what is counted here is no word, but a dash."""
    rng = random.Random(0)
    written = chapter = 0
    with path.open("w", newline="") as stream:
        stream.write(opening)
        while written < 1.05 * WORDS:
            chapter += 1
            stream.write(f"Chapter {chapter}\n\n")
            for _ in range(500):
                paragraph = " ".join(rng.choices(sentences, k=6))
                written += paragraph.count(" ") + 1
                stream.write(f"{paragraph}\n\n")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system does not tell in /proc")
@pytest.mark.parametrize("opening", ["", "One emoji 🙂 makes four bytes of a character &amp; this is mangled.\r\r"])
def test_a_work_of_four_million_words(bundle_path: Path, stories: list, tmp_path: Path, opening: str) -> None:
    text = " ".join(each.work.text for each in stories[:300]).replace("\n", " ")
    write_novel(
        tmp_path / "novel.txt", [part.strip() + "." for part in text.split(".") if part.count(" ") > 3], opening
    )
    command = [
        sys.executable,
        "-c",
        MEASURED,
        "predict",
        str(tmp_path / "novel.txt"),
        "-m",
        str(bundle_path),
        "-f",
        "json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)[0]
    assert result["status"] == "ok"
    assert result["source"]["words"] >= WORDS
    bundle = sum(file.stat().st_size for file in bundle_path.iterdir())
    assert (int(done.stderr) << 10) - bundle < LIMIT
    (tmp_path / "novel.txt").unlink()
