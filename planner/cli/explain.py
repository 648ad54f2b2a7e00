"""`planner explain`: why this order."""

from __future__ import annotations

from typing import Annotated

import typer

from planner.cli.options import JsonOption, RunArgument


def explain(
    run: RunArgument,
    order_id: Annotated[str, typer.Argument(help="order_id of replenishment_orders.", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Say why an order has this quantity: demand covered, safety stock, packs, limits, and what if not."""
    import json
    import sys

    from planner.replenishment.explain import explain_order
    from reports.run_folder import read_run

    explanation = explain_order(order_id, read_run(run).tables)
    if as_json:
        sys.stdout.write(json.dumps(explanation.as_dict(), indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(explanation.text() + "\n")
