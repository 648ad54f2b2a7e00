"""`planner explain`: why this order, or all of them."""

from __future__ import annotations

from typing import Annotated

import typer

from planner.cli.options import JsonOption, RunArgument


def explain(
    run: RunArgument,
    order_id: Annotated[
        str | None,
        typer.Argument(help="order_id of replenishment_orders; without it, all orders as CSV.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say why an order has this quantity: demand covered, safety stock, packs, limits, and what if not."""
    import json
    import sys

    from planner.replenishment.explain import explain_order
    from planner.replenishment.explain_all import explain_all
    from reports.run_folder import read_run

    tables = read_run(run).tables
    if order_id is None:
        table = explain_all(tables)
        if as_json:
            text = table.to_json(orient="records", date_format="iso", indent=2, force_ascii=False) + "\n"
        else:
            text = table.round(6).to_csv(index=False, date_format="%Y-%m-%d")
        sys.stdout.write(text)
        return
    explanation = explain_order(order_id, tables)
    if as_json:
        sys.stdout.write(json.dumps(explanation.as_dict(), indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(explanation.text() + "\n")
