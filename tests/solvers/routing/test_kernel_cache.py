"""The folder of compiled kernels changes with all that they were compiled from."""

from __future__ import annotations

import re
from pathlib import Path

from solvers import compiled


def test_every_module_whose_constants_kernels_take_counts() -> None:
    root = Path(compiled.__file__).parent
    counted = {path for pattern in compiled._NAME_OF_SOURCES for path in root.glob(f"*/{pattern}")}
    for kernels in root.glob("*/*kernels.py"):
        for package, module in re.findall(r"^from solvers\.(\w+)\.(\w+) import", kernels.read_text(), re.MULTILINE):
            source = root / package / f"{module}.py"
            assert source in counted or module == "kernel_types", f"{kernels.name} takes constants from {source.name}"
