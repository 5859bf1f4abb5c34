"""Compile kernel.c into the wheel. The library knows nothing of Python: one wheel a system serves every version."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SUFFIX = {"darwin": ".dylib", "win32": ".dll"}.get(sys.platform, ".so")
# The sums are exact, and so is the one product that rounds: nothing here may be computed in another way than it says.
FLAGS = ["-O3", "-std=gnu99", "-fPIC", "-shared", "-ffp-contract=off", "-fno-fast-math"]


class KernelHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs before the wheel is put together."""

    def initialize(self, _version: str, build_data: dict[str, Any]) -> None:
        """Compile, and name the wheel for this system and any Python 3."""
        self._made = Path(mkdtemp())
        source, library = Path(self.root, "src", "tagger_kernel", "kernel.c"), self._made / f"kernel{SUFFIX}"
        compiler = shlex.split(os.environ.get("CC", "cc"))
        subprocess.run([*compiler, *FLAGS, "-o", str(library), str(source), "-lm"], check=True)
        build_data["force_include"][str(library)] = f"tagger_kernel/{library.name}"
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data.update(tag=f"py3-none-{platform}", pure_python=False)

    def finalize(self, _version: str, _build_data: dict[str, Any], _artifact: str) -> None:
        """The wheel has it now."""
        shutil.rmtree(self._made)
