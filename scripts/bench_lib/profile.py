"""Where the time of `predict` goes, by stage."""

from __future__ import annotations

import importlib
import sys
import time
from pathlib import Path
from typing import Any

STAGES = {
    "parse JSON": ("readers.jsonl:_parse",),
    "lay out": ("readers.jsonl:lay_out",),
    "segment": ("reading:segment",),
    "featurize": ("reading:count",),
    "score": ("scoring:in_steps", "scoring:score"),
    "aggregate, calibrate": ("tagging:aggregate", "tagging:score_works"),
    "find evidence": ("tagging:_suggestions",),
    "render": ("reports:render",),
}


def profile(folder: Path, model: Path) -> dict[str, Any]:
    """CPU seconds by stage of predicting the JSON Lines of a corpus, start-up left out."""
    from tagger import predicting

    spent = dict.fromkeys(STAGES, 0.0)
    for stage, places in STAGES.items():
        for place in places:
            module, _, name = place.partition(":")
            _time_calls(importlib.import_module(f"tagger.{module}"), name, spent, stage)
    path, job = folder / "lines.jsonl", predicting.Job(model)
    list(predicting.predict(list(predicting.gather([path], sys.stdin.buffer))[:1], job))  # warm
    spent.update(dict.fromkeys(spent, 0.0))
    began = time.process_time()
    for _ in predicting.predict(predicting.gather([path], sys.stdin.buffer), job):
        pass
    total = time.process_time() - began
    return {"total_s": total, "stages": {**spent, "everything else": total - sum(spent.values())}}


def _time_calls(module: Any, name: str, spent: dict[str, float], stage: str) -> None:
    inner = getattr(module, name)

    def timed(*args: Any, **kwargs: Any) -> Any:
        began = time.process_time()
        try:
            return inner(*args, **kwargs)
        finally:
            spent[stage] += time.process_time() - began

    setattr(module, name, timed)
