"""One door to problem files: looks at what the file says, not at its name."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from solvers.routing.formats.errors import Faults, RoutingFileError, read_text
from solvers.routing.formats.routing_file import Convention, RoutingFile
from solvers.routing.formats.solomon import read_solomon
from solvers.routing.formats.vroom_input import ROAD_FACTOR, SPEED_KMH, read_vroom
from solvers.routing.formats.vrplib import read_vrplib
from solvers.routing.problem import ProblemError

CONVENTIONS: tuple[Convention, ...] = ("round", "dimacs", "exact", "none")


def read_problem(
    path: Path | str,
    *,
    convention: Convention | None = None,
    road_factor: float = ROAD_FACTOR,
    speed_kmh: float = SPEED_KMH,
) -> RoutingFile:
    """Read a VRPLIB, Solomon or VROOM JSON file.

    Parameters
    ----------
    convention : how fractions become whole numbers; None: as a `manifest.csv` beside the file's folder
        says, else by the custom of the literature (see `vrplib.guess_convention`).
    road_factor, speed_kmh : for VROOM files with coordinates and no matrices.

    Raises
    ------
    RoutingFileError
        A missing or malformed file, with every fault, its place and what to do.
    """
    path = Path(path)
    text = read_text(path)
    try:
        if text.lstrip().startswith("{"):
            return read_vroom(path, text, road_factor, speed_kmh)
        chosen = convention or _convention_of_manifest(path)
        if re.search(r"^\s*DIMENSION\s*:", text, re.MULTILINE):
            return read_vrplib(path, text, chosen)
        if re.search(r"^\s*CUST(OMER)?\b", text, re.MULTILINE):
            return read_solomon(path, text, chosen)
    except ProblemError as error:
        raise RoutingFileError(path, list(error.problems)) from error
    advice = "give a VRPLIB (.vrp), Solomon (.txt) or VROOM (.json) file"
    raise Faults(path).fail("file", "is none of the known formats", advice)


def _convention_of_manifest(path: Path) -> Convention | None:
    """Return the convention that a manifest.csv in the file's folder or the one above gives for its name."""
    for folder in (path.parent, path.parent.parent):
        manifest = folder / "manifest.csv"
        if not manifest.is_file():
            continue
        with manifest.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                if row.get("path") == path.relative_to(folder).as_posix():
                    word = (row.get("convention") or "").split(maxsplit=1)[:1]
                    return next((known for known in CONVENTIONS if [known] == word), None)
    return None
