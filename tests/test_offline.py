"""Prediction reaches for nothing: no network, and no library that it does not need."""

import json
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[1] / "examples" / "the-lighthouse-watch.txt"

# Runs `tagger` with the given arguments; any use of a socket ends it, and the modules it loaded are told at the end.
WATCHED = """
import socket, sys

def refuse(*arguments, **more):
    raise SystemExit("it reached for the network")

socket.socket = socket.create_connection = socket.getaddrinfo = socket.socketpair = refuse
sys.addaudithook(lambda event, _: refuse() if event.startswith("socket.") else None)
from tagger.cli import main

try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""

HEAVY = {"sklearn", "scipy", "nltk", "joblib", "rich", "pandas", "requests", "urllib3", "ssl", "multiprocessing"}


def watched(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", WATCHED, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_prediction_needs_no_network_and_little_else(bundle_path: Path) -> None:
    done = watched("predict", EXAMPLE, "-m", bundle_path, "-f", "json", "--explain")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["status"] == "ok"
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert {"numpy", "orjson", "typer"} <= loaded
    assert not loaded & HEAVY


def test_the_watch_sees_a_socket() -> None:
    code = WATCHED.replace("from tagger.cli import main", "import _socket\ndef main(): _socket.socket()")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "it reached for the network" in done.stderr
