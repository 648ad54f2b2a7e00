"""`planner doctor`: what is installed, what can be used, and why not."""

from __future__ import annotations

from planner.cli.options import JsonOption


def doctor(as_json: JsonOption = False) -> None:
    """Show versions, which solvers and devices are usable and why not, and whether the installation is whole."""
    import json
    import sys

    from planner.cli.edge import ExitCode
    from planner.cli.screen import show_rows

    findings = _findings()
    if as_json:
        rows = [dict(zip(("what", "state", "detail"), row, strict=True)) for row in findings]
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
    else:
        show_rows("", ("what", "state", "detail"), findings)
    if any(state == "broken" for _, state, _ in findings):
        sys.exit(ExitCode.BAD_INPUT)


def _findings() -> list[tuple[str, str, str]]:
    import platform

    rows = [("python", "ok", f"{platform.python_version()} on {platform.system()} {platform.machine()}")]
    rows.append(_one_parent())
    rows += [_package(name) for name in ("supply-planner", "numpy", "pandas", "numba", "highspy", "ortools", "pyomo")]
    rows.append(_numba_cache())
    rows += _solvers()
    rows += _devices()
    return rows


def _one_parent() -> tuple[str, str, str]:
    """Another `scenarios` or `reports` on the path would shadow ours; all four must live side by side."""
    import importlib
    from pathlib import Path

    parents = {
        name: Path(str(importlib.import_module(name).__file__)).parent.parent
        for name in ("planner", "scenarios", "solvers", "reports")
    }
    if len(set(parents.values())) == 1:
        return ("packages", "ok", f"planner, scenarios, solvers and reports in {parents['planner']}")
    found = ", ".join(f"{name} in {parent}" for name, parent in parents.items())
    return ("packages", "broken", f"{found}: another package hides one of ours; run from another folder")


def _package(name: str) -> tuple[str, str, str]:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return (name, "ok", version(name))
    except PackageNotFoundError:
        return (name, "broken", "not installed: pip install supply-planner")


def _numba_cache() -> tuple[str, str, str]:
    import os

    import solvers.compiled  # noqa: F401 - chooses the folder

    folder = os.environ.get("NUMBA_CACHE_DIR", "")
    if folder and os.access(folder, os.W_OK):
        return ("compiled kernels", "ok", f"cached in {folder}")
    return ("compiled kernels", "slow", "no cache folder can be written: kernels compile anew in every run")


def _solvers() -> list[tuple[str, str, str]]:
    from solvers.milp import BACKENDS
    from solvers.milp import why_not as why_not_milp
    from solvers.routing.registry import SOLVERS, why_not

    reasons = {f"routing solver {name}": why_not(name) for name in SOLVERS}
    reasons |= {f"MILP solver {name}": why_not_milp(name) for name in BACKENDS}
    return [(name, "ok" if reason is None else "absent", reason or "") for name, reason in reasons.items()]


def _devices() -> list[tuple[str, str, str]]:
    from solvers.fitness import available_backends

    return [
        (f"fitness on {backend.name}", "ok" if backend.usable else "absent", backend.reason)
        for backend in available_backends()
    ]
