"""The edge: what a person reads when a command does not end as it should."""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest
import typer

from planner.cli.edge import run_at_edge


def _interrupted() -> None:
    raise KeyboardInterrupt


def _full() -> None:
    raise OSError(errno.EFBIG, "File too large")


def _denied() -> None:
    raise PermissionError(errno.EACCES, "Permission denied", "/runs/a")


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (_interrupted, 130, "Interrupted. Nothing half-written is left behind."),
        (_full, 2, "no larger files are allowed here"),
        (_denied, 2, "Permission denied: /runs/a\nThe file cannot be read or written"),
    ],
)
@pytest.mark.parametrize("by_typer", [False, True])
def test_every_end_is_told(
    command: Callable[[], None], code: int, words: str, by_typer: bool, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("sys.argv", ["planner"])
    app = typer.Typer()
    app.command()(command)
    with pytest.raises(SystemExit) as ended:
        run_at_edge(app if by_typer else command)
    assert ended.value.code == code
    assert words in capsys.readouterr().err
