"""Routes of the general solver while it searches: one row of nodes each, and what is known of every place in it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from solvers.routing.general_instance import (
    CAPACITY,
    MAX_RELOADS,
    MAX_STOPS,
    ORIGIN,
    PARTNER,
    PRIZE,
    VEHICLES,
    GeneralInstance,
)
from solvers.routing.general_timing_kernels import (
    Scratch,
)
from solvers.routing.kernel_types import FloatArray, Int32Array, IntArray, RandomState

# entries of `GeneralState.total`
COSTS, USED, ABSENT, LONGEST = range(4)
# entries of `GeneralState.counter`
STEP, TOUCHED, REMOVED, DIRTY, TRIED, CHOSEN_LENGTH = range(6)
# columns of `GeneralState.route`
COUNT, KIND, COST_OF, SPAN, FROZEN, PINNED = range(6)
# columns of `GeneralState.client`
ON, AT, HELD, SEEN, WHERE, MISSING, OUT = range(7)
# columns of `GeneralState.row`
SLOT_OF, TOUCHED_IN, TRIED_IN, IS_UNLIKE, BEST_COUNT, BEST_KIND, SLOT, CHANGED, UNLIKE = range(9)
# first index of `GeneralState.tours`, third of `load` and of `reach`, first of `draft`
NOW, SAVED, BEST = range(3)
CARRIED, AHEAD, BEHIND = range(3)
EARLIEST, LATEST = range(2)
TRIAL, CHOSEN = range(2)

MOST_PLACES = 1 << 24
"""Places in all rows together: only what routes fill takes memory. With longer routes, fewer can be open at once."""


class GeneralState(NamedTuple):
    """Routes in R rows of L places.

    Attributes
    ----------
    tours : [3, R, L], nodes in order, -1 for a reload: now, before this step, and of the best solution.
    route : [R, 6], see the column names; KIND is -1 where the row is free, FROZEN counts elements that stay in front.
    saved : [R, 6], `route` of the rows changed in this step, as it was.
    reach : [R, L + 2, 2, B + 1], earliest end of a call, and the latest one that the rest of the route allows.
    load : [R, L + 2, 3, Q], on board on a leg, and most in the trip up to it and from it on.
    client : [N, 7], row of a client (-1: none), its number there from 1, whether it is pinned, the step that saw it
        last, its place among the absent (-1: none). Two lists: absent units (of a pair the pick-up), units to insert.
    row : [R, 9], place among the rows in use, step and trial that saw it last, whether it is unlike the best solution,
        the best solution's count and type. Three lists: rows, those in use first; changed in this step; unlike best.
    best_taken : [R, L + 2], breaks that the best solution takes before each leg.
    used : [V], rows of each vehicle type.
    total : costs (with prizes and balance), rows in use, absent units, longest duration.
    counter : scratch counters.
    order : [N], sort keys of the units to insert.
    draft : [2, L], a row under trial, and the best one.
    best_cost : [1].
    random : [1].
    """

    tours: Int32Array
    route: IntArray
    saved: IntArray
    reach: IntArray
    load: IntArray
    client: IntArray
    row: IntArray
    best_taken: IntArray
    used: IntArray
    total: IntArray
    counter: IntArray
    order: FloatArray
    draft: Int32Array
    best_cost: IntArray
    random: RandomState


def make_general_state(inst: GeneralInstance, seed: int) -> tuple[GeneralState, Scratch]:
    """Return a state without routes, everybody absent, and the scratch arrays."""
    nodes, first = len(inst.stop), inst.first_client
    clients = nodes - first
    longest = _longest_route(inst, clients)
    rows = max(1, min(clients, int(inst.vehicle[:, VEHICLES].sum()), MOST_PLACES // (longest + 2)))
    breaks, dimensions = inst.break_time.shape[1] + 1, inst.amount.shape[1] // 2

    def numbers(*shape: int) -> IntArray:
        return np.zeros(shape, np.int64)

    route, client, row = numbers(rows, 6), numbers(nodes, 7), numbers(rows, 9)
    route[:, KIND] = row[:, BEST_KIND] = -1
    row[:, SLOT] = row[:, SLOT_OF] = np.arange(rows)
    units = np.flatnonzero((np.arange(nodes) >= first) & (inst.stop[:, ORIGIN] < 0))
    client[:, ON] = client[:, WHERE] = -1
    client[: len(units), MISSING] = units
    client[units, WHERE] = np.arange(len(units))
    total = numbers(4)
    total[COSTS], total[ABSENT] = inst.stop[first:, PRIZE].sum(), len(units)
    state = GeneralState(
        tours=np.zeros((3, rows, longest), np.int32),
        route=route,
        saved=numbers(rows, 6),
        reach=numbers(rows, longest + 2, 2, breaks),
        load=numbers(rows, longest + 2, 3, dimensions),
        client=client,
        row=row,
        best_taken=numbers(rows, longest + 2),
        used=numbers(len(inst.vehicle)),
        total=total,
        counter=numbers(6),
        order=np.zeros(nodes),
        draft=np.zeros((2, longest), np.int32),
        best_cost=np.array([total[COSTS] + 1]),
        random=np.random.SeedSequence(seed).generate_state(1, np.uint64) | np.uint64(1),
    )
    scratch = Scratch(
        clock=numbers(2, longest + 2, breaks),
        call=numbers(longest + 2, 3),
        load=numbers(longest + 2, dimensions),
        mark=numbers(nodes),
        found=numbers(3),
        probe=numbers(5, breaks),
        empty=numbers(dimensions),
    )
    return state, scratch


def _longest_route(inst: GeneralInstance, clients: int) -> int:
    """Return how many elements a row must hold: all clients, or as many as any vehicle may or can serve."""
    vehicle, first = inst.vehicle, inst.first_client
    dimensions = inst.amount.shape[1] // 2
    stops = int(np.minimum(vehicle[:, MAX_STOPS], clients).max(initial=1))
    reloads = int(vehicle[:, MAX_RELOADS].max(initial=0))
    if reloads == 0 and (inst.stop[first:, PARTNER] < 0).all():
        for q in range(dimensions):
            for column in (q, dimensions + q):
                lightest = np.cumsum(np.sort(inst.amount[first:, column]))
                capacity = int(vehicle[:, CAPACITY + q].max(initial=0))
                stops = min(stops, max(1, int(np.searchsorted(lightest, capacity, side="right"))))
    return stops + min(reloads, clients) + 3
