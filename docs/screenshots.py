"""Pictures of the reports for the README and the pages: `make docs`; needs Chromium, and pdftoppm for the manifest.

Without Chromium it says so and leaves the pictures as they are. It plans the Iowa example three times, or takes the
runs that are named: `python docs/screenshots.py BASELINE RUN...`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

IMAGES = Path(__file__).parent / "images"
EXAMPLE = Path(__file__).parents[1] / "scenarios" / "examples" / "iowa"
SCENARIOS = {
    "baseline": (),
    "leaner_safety_stock": ("--set", "replenishment.safety_stock_weight=0.5"),
    "promotion": ("--scenario", "promotion"),
}
DAY = "2015-11-24"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_MOST_BYTES = 300_000
_TIMEOUT = 120
_WIDTH = 1280


def main(named: Sequence[str]) -> int:
    """Write every picture; return 0 also where there is no browser."""
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        sys.stderr.write(f"No screenshots: none of {', '.join(_BROWSERS)} is installed.\n")
        return 0
    with tempfile.TemporaryDirectory() as place:
        runs = [Path(name).resolve() for name in named] or list(_planned(Path(place)))
        made = Path(place) / "reports"
        _planner("report", runs[0], "--output", made)
        _planner("report", runs[0], "--for", "dispatch", "--date", DAY, "--output", made)
        _planner("report", *runs, "--for", "management", "--output", made)
        overview = next(made.rglob("overview.html"))
        _photograph(browser, made / "report.html", "report.png", 1460)
        _photograph(browser, made / "report.html", "report-routes.png", 900, ("routes",))
        _photograph(browser, overview, "dispatch.png", 1500)
        _photograph(browser, made / "management.html", "management.png", 1400)
        _photograph(browser, made / "management.html", "management-frontier.png", 1230, ("scenarios", "bridge-1"))
        _paper(next(made.rglob("manifest*.pdf")), "manifest.png")
        _paper(made / "management.pdf", "management-paper.png")
    return 0


def _planned(place: Path) -> Iterator[Path]:
    for name, words in SCENARIOS.items():
        _planner("run", EXAMPLE, *words, "--output", place / name, "--quiet")
        yield place / name


def _planner(*words: object) -> None:
    subprocess.run([sys.executable, "-m", "planner", *map(str, words)], check=True, stdout=subprocess.DEVNULL)


def _photograph(browser: str, page: Path, name: str, height: int, sections: Sequence[str] = ()) -> None:
    """Write the window of a page, or only these sections of it."""
    with tempfile.TemporaryDirectory() as place:
        picture, shown = Path(place) / "picture.png", Path(place) / "page.html"
        others = "".join(f":not(#{section})" for section in sections)
        hidden = f"main > section{others}, .masthead, .contents {{ display: none; }}" if sections else ""
        html = page.read_text(encoding="utf-8")
        shown.write_text(html.replace("</head>", f"<style>{hidden}</style></head>", 1), encoding="utf-8")
        subprocess.run(
            [
                browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                f"--window-size={_WIDTH},{height}", "--virtual-time-budget=8000", f"--screenshot={picture}",
                f"file://{shown}",
            ],
            check=True, capture_output=True, timeout=_TIMEOUT,
        )  # fmt: skip
        _keep(picture, name)


def _paper(document: Path, name: str) -> None:
    """Write the first page of a PDF."""
    tool = shutil.which("pdftoppm")
    if tool is None:
        sys.stderr.write(f"No {name}: pdftoppm is not installed.\n")
        return
    with tempfile.TemporaryDirectory() as place:
        target = Path(place) / "page"
        subprocess.run([tool, "-r", "90", "-singlefile", "-png", document, target], check=True, timeout=_TIMEOUT)
        _keep(target.with_suffix(".png"), name)


def _keep(picture: Path, name: str) -> None:
    """Keep a picture in few colours, so that it stays small."""
    IMAGES.mkdir(exist_ok=True)
    with Image.open(picture) as image:
        small = image.convert("RGB").quantize(colors=256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        small.save(IMAGES / name, optimize=True)
    size = (IMAGES / name).stat().st_size
    sys.stdout.write(f"{name}  {size // 1000} kB{'  too large' if size > _MOST_BYTES else ''}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
