"""Routes that may break capacity and time at a price: the state of the local search."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from solvers.routing.instance import SLOTS, Instance
from solvers.routing.kernel_types import FloatArray, Int32Array, IntArray, RandomState

# columns of `Plan.node`
AFTER, BEFORE, ON, RANK = range(4)
# columns of `Plan.part`: distance up to the node and from it on; duration, warp, earliest, latest of both parts;
# then the loads up to and with it (Q), and from it on (Q)
(HEAD, TAIL, HEAD_SPAN, HEAD_WARP, HEAD_EARLY, HEAD_LATE, TAIL_SPAN, TAIL_WARP, TAIL_EARLY, TAIL_LATE, PART_LOAD) = (
    range(11)
)
# columns of `Plan.tour`
TOP, BOTTOM, SIZE, TYPE, CHANGED, SWAPPED = range(6)
# columns of `Plan.worth`: penalised cost, the penalties in it
VALUE, PENALTY = range(2)
# entries of `Plan.weight`; the price of one unit of overload follows for each dimension
WARP_WEIGHT, LENGTH_WEIGHT, LOAD_WEIGHT = range(3)


class Plan(NamedTuple):
    """Penalised routes over N nodes and R slots.

    Attributes
    ----------
    node : [N, 4], see the column names; `ON` -1 is unassigned.
    part : [N, PART_LOAD + 2 Q], data of what lies before and behind a node on its route.
    tour : [R, 6], see the column names.
    worth : [R, 2], see the column names.
    weight : [LOAD_WEIGHT + Q], price of a unit of lateness, of distance above the limit, of overload.
    tested : [N], when the node's neighbourhood was searched last.
    order : [N], clients in random order.
    scratch : [2, N], new orders of two routes.
    place : [N, 9], SWAP*: the three cheapest places in the other route: cost, node before.
    mark : [R], scratch.
    random : [1].
    """

    node: Int32Array
    part: IntArray
    tour: IntArray
    worth: FloatArray
    weight: FloatArray
    tested: IntArray
    order: Int32Array
    scratch: Int32Array
    place: IntArray
    mark: IntArray
    random: RandomState


def make_plan(instance: Instance, seed: int) -> Plan:
    """Return an empty plan with random numbers that follow from `seed`."""
    nodes, first = len(instance.client), instance.first_client
    slots = instance.vehicle[:, SLOTS]
    dimensions = instance.amount.shape[1] // 2
    routes = max(1, int(slots.sum()))
    tour = np.zeros((routes, 6), np.int64)
    tour[:, TYPE] = np.repeat(np.arange(len(slots)), slots) if slots.sum() else 0
    order = np.arange(nodes, dtype=np.int32)
    order[: nodes - first] = np.arange(first, nodes)
    return Plan(
        node=np.full((nodes, 4), -1, np.int32),
        part=np.zeros((nodes, PART_LOAD + 2 * dimensions), np.int64),
        tour=tour,
        worth=np.zeros((routes, 2)),
        weight=np.ones(LOAD_WEIGHT + dimensions),
        tested=np.zeros(nodes, np.int64),
        order=order,
        scratch=np.zeros((2, nodes), np.int32),
        place=np.zeros((nodes, 9), np.int64),
        mark=np.zeros(routes, np.int64),
        random=np.random.SeedSequence(seed).generate_state(1, np.uint64) | np.uint64(1),
    )
