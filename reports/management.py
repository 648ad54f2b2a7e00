"""For management: one decision with its figures, as a page, as slides and on paper, from one or several runs.

`management.html`, `management.pptx` and `management.pdf` say the same: `reports.management_story` makes the
sentences, charts and tables once, three small files draw them. Charts of the page and of the PDF are drawn
from one layout (`reports.management_charts`) as plain SVG and PDF shapes, so that the page needs no script and
prints as text; those of the slides are PowerPoint's own and can be edited.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from reports.compare import run_name
from reports.management_model import Story
from reports.management_page import write_management_page
from reports.management_pdf import write_management_pdf
from reports.management_slides import write_management_slides
from reports.management_story import tell_story
from reports.run_folder import RunFolder, RunFolderError

_SAME = ("currency", "horizon_start", "horizon_buckets", "bucket")
_WRITERS: dict[str, Callable[[Story, Path], None]] = {
    "management.html": write_management_page,
    "management.pptx": write_management_slides,
    "management.pdf": write_management_pdf,
}


def write_management(runs: Sequence[RunFolder], folder: Path, lang: str = "en") -> list[Path]:
    """Write the management report and return its files; the same runs give the same bytes.

    Parameters
    ----------
    runs : the first is the baseline that the others are compared with; one alone is told without comparison.
    folder : where the files go; files of these names are replaced, all of them or none.
    lang : en or zh.

    Raises
    ------
    RunFolderError
        A run cannot be read, was named twice, or plans another horizon or currency than the first.
    """
    names = _names(runs)
    for run in runs[1:]:
        _check_comparable(runs[0], run)
    story = tell_story(runs, names, lang)
    folder.mkdir(parents=True, exist_ok=True)
    new = {folder / name: folder / f".{name}.{os.getpid()}" for name in _WRITERS}
    try:
        for path, temporary in new.items():
            _WRITERS[path.name](story, temporary)
        for path, temporary in new.items():
            temporary.replace(path)
    finally:
        for temporary in new.values():
            temporary.unlink(missing_ok=True)
    return list(new)


def _names(runs: Sequence[RunFolder]) -> list[str]:
    """Return names that tell the runs apart: scenario, else folder, else folder and run id."""
    twice = [path for path, count in Counter(run.path.absolute() for run in runs).items() if count > 1]
    if twice:
        raise RunFolderError(f"{twice[0]} was named twice. Name every run once, the baseline first.")
    folders = [run.path.name for run in runs]
    for names in ([run_name(run) for run in runs], folders):
        if len(set(names)) == len(names):
            return names
    with_id = [f"{run.path.name} ({run.provenance['run_id']})" for run in runs]
    return with_id if len(set(with_id)) == len(with_id) else [str(run.path) for run in runs]


def _check_comparable(base: RunFolder, run: RunFolder) -> None:
    different = [name for name in _SAME if base.provenance[name] != run.provenance[name]]
    if different:
        told = "; ".join(f"{name}: {base.provenance[name]} and {run.provenance[name]}" for name in different)
        raise RunFolderError(
            f"{base.path} and {run.path} cannot be compared, they differ in {told}. Plan both over one horizon in one "
            "currency."
        )
