"""stockpyl's side of two comparisons; run by an interpreter that has it (`pip install stockpyl`, version 1.0.2 here).

    python tests/benchmarks/stockpyl_peer.py trees < trees.json      service times of trees, with seconds
    python tests/benchmarks/stockpyl_peer.py simulated > tests/solvers/stock/stockpyl_simulated.json

Reads and writes JSON only; knows nothing of the planner.
"""

from __future__ import annotations

import json
import random
import sys
import time
from typing import Any


def solve_trees(trees: list[dict[str, Any]]) -> list[dict[str, float]]:
    """Return cost and seconds of the guaranteed-service optimum of every tree."""
    from stockpyl.demand_source import DemandSource
    from stockpyl.gsm_tree import optimize_committed_service_times, preprocess_tree, relabel_nodes
    from stockpyl.supply_chain_network import SupplyChainNetwork
    from stockpyl.supply_chain_node import SupplyChainNode

    out = []
    for tree in trees:
        network = SupplyChainNetwork()
        for index, (days, held, deviation) in enumerate(
            zip(tree["processing"], tree["held"], tree["deviation"], strict=True)
        ):
            node = SupplyChainNode(index=index, network=network)
            node.processing_time, node.local_holding_cost, node.external_inbound_cst = days, held, 0
            if deviation > 0:
                node.demand_source = DemandSource(type="N", mean=0, standard_deviation=deviation)
                node.demand_bound_constant, node.external_outbound_cst = 1, 0
            else:
                node.demand_bound_constant = 1
            network.add_node(node)
        for origin, destination in tree["arcs"]:
            network.add_edge(origin, destination)
        began = time.process_time()
        network = preprocess_tree(relabel_nodes(network))
        _, cost = optimize_committed_service_times(network)
        out.append({"cost": float(cost), "seconds": time.process_time() - began})
    return out


def _total(value: Any) -> float:
    """Return the sum over whatever the version keys a state by: products, predecessors."""
    return sum(map(_total, value.values())) if isinstance(value, dict) else float(value)


def simulate_stages() -> list[dict[str, Any]]:
    """Return what single stages did period by period on a recorded demand, for three policies."""
    from stockpyl.sim import simulation
    from stockpyl.supply_chain_network import single_stage_system

    draw = random.Random(7)
    demand = [draw.choice([0, 0, 2, 3, 5, 8]) for _ in range(60)]
    policies = {
        "base_stock": {"policy_type": "BS", "base_stock_level": 14},
        "s_S": {"policy_type": "sS", "reorder_point": 8, "order_up_to_level": 20},
        "s_Q": {"policy_type": "rQ", "reorder_point": 9, "order_quantity": 12},
    }
    out = []
    for name, policy in policies.items():
        for lead in (1, 3):
            network = single_stage_system(
                holding_cost=1,
                stockout_cost=10,
                demand_type="D",
                demand_list=demand,
                shipment_lead_time=lead,
                initial_inventory_level=14,
                **policy,
            )
            simulation(network, len(demand), rand_seed=1, progress_bar=False)
            node = network.nodes[0]
            level = [_total(state.inventory_level) for state in node.state_vars[: len(demand)]]
            ordered = [_total(state.order_quantity) for state in node.state_vars[: len(demand)]]
            out.append({"policy": name, "lead": lead, **policy, "demand": demand, "level": level, "ordered": ordered})
    return out


if __name__ == "__main__":
    answer = solve_trees(json.load(sys.stdin)) if sys.argv[1] == "trees" else simulate_stages()
    sys.stdout.write(json.dumps(answer) + "\n")
