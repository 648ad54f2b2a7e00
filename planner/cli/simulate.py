"""`planner simulate`: ordering policies side by side, and whether their difference is more than chance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from planner.cli.options import JsonOption, NoCacheOption, ProjectArgument, QuietOption, SeedOption, SetOption

if TYPE_CHECKING:
    import pandas as pd

    from planner.engine.policy_trial import Trial


def simulate(
    project: ProjectArgument,
    policies: Annotated[
        list[str],
        typer.Option(
            "--policy",
            metavar="POLICY",
            help="SCENARIO, KIND or SCENARIO:KIND; give it twice or more. A scenario brings its stock targets and "
            "policy kinds; a kind named here takes their place: R_s_S, R_S, s_S, s_Q, base_stock.",
            show_default=False,
        ),
    ],
    replications: Annotated[
        int | None,
        typer.Option("--replications", min=2, max=100_000, help="Sampled futures; default: simulation.replications."),
    ] = None,
    recorded: Annotated[
        bool,
        typer.Option(
            "--recorded", help="Play on the sales before the horizon instead; targets know only what lies before them."
        ),
    ] = False,
    windows: Annotated[
        int, typer.Option("--windows", min=1, max=52, help="With --recorded: horizons played, new targets for each.")
    ] = 2,
    backend: Annotated[
        Literal["auto", "cupy", "numba", "numpy"],
        typer.Option(
            "--backend", help="What plays the policies; auto: Numba. CuPy needs a GPU. The answer is the same."
        ),
    ] = "auto",
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for policies.csv and differences.csv.", show_default=False)
    ] = Path("simulation"),
    overrides: SetOption = None,
    seed: SeedOption = None,
    no_cache: NoCacheOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Play ordering policies on the same demand: service, stock and cost with 95 % intervals, and paired tests."""
    import json
    import os
    import sys

    from planner.cli.edge import UsageError
    from planner.cli.screen import note
    from planner.engine.cache import StageCache
    from planner.engine.policy_trial import PolicyError, try_policies
    from planner.recall import compute_anew

    changes = [*(overrides or []), *([f"seed={seed}"] if seed is not None else [])]
    try:
        trial = try_policies(
            project,
            policies,
            overrides=changes,
            replications=replications,
            recorded=recorded,
            windows=windows,
            backend=backend,
            recall=compute_anew if no_cache else StageCache().recall,
        )
    except PolicyError as error:
        raise UsageError(str(error)) from None
    output.mkdir(parents=True, exist_ok=True)
    for name, table in (("policies.csv", trial.figures), ("differences.csv", trial.differences)):
        staging = output / f".{name}.part"
        table.to_csv(staging, index=False, lineterminator="\n")
        os.replace(staging, output / name)
    if as_json:
        tables = {"policies": trial.figures, "differences": trial.differences}
        records = {name: json.loads(table.to_json(orient="records")) for name, table in tables.items()}
        played = {"item_locations": trial.item_locations, "buckets": trial.buckets, "futures": trial.futures}
        sys.stdout.write(json.dumps({"start": trial.start.isoformat(), **played, **records}, indent=2) + "\n")
        return
    _show(trial)
    note("Every item-location is played alone, its source always delivers. Money without the price of goods.", quiet)
    sys.stdout.write(f"{output / 'policies.csv'}\n{output / 'differences.csv'}\n")


def _show(trial: Trial) -> None:
    """Print the figures of all policies, then for every further policy its differences to the first."""
    from planner.cli.screen import show_rows

    played = f"{trial.item_locations:,} item-locations, {trial.buckets} buckets from {trial.start.isoformat()}"
    figures, differences = trial.figures, trial.differences
    names = list(dict.fromkeys(figures["policy"]))
    columns = [[_spread(*row) for row in _cells(figures[figures["policy"] == name], "value")] for name in names]
    rows = list(zip(dict.fromkeys(figures["kpi"]), *columns, strict=True))
    show_rows(f"{played}, {trial.futures or 'recorded sales'}{' futures' if trial.futures else ''}", ("", *names), rows)
    for name in names[1:]:
        table = differences[differences["policy"] == name]
        changes = [_spread(*row) for row in _cells(table, "difference")]
        chances = ["< 0.001" if p < 0.001 else f"{p:.3f}" for p in table["p_value"]]
        rows = list(zip(table["kpi"], changes, chances, strict=True))
        show_rows(f"{name} less {names[0]}, paired", ("", "difference", "p-value"), rows)


def _cells(table: pd.DataFrame, column: str) -> list[tuple[str, float, float]]:
    """Return kpi, value and half the width of its interval."""
    half = 0.5 * (table["high"] - table["low"])
    return list(zip(table["kpi"], table[column], half, strict=True))


def _spread(kpi: str, value: float, half: float) -> str:
    if kpi.endswith(("_rate", "_level", "_share")):
        return f"{value:.2%} ± {half:.2%}"
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f} ± {half:,.{digits}f}"
