"""Granular local search over penalised routes: relocate, swap, 2-opt, 2-opt*, SWAP*, leave out and bring in.

Moves after Vidal, "Hybrid genetic search for the CVRP: open-source implementation and SWAP* neighborhood", Computers &
Operations Research 140, 2022; time windows by joining parts of routes after Vidal, Crainic, Gendreau, Prins 2013.
Between two routes every move joins a head, at most two clients and a tail, so that one piece of code prices them all.
"""

from __future__ import annotations

import numpy as np

from solvers.compiled import njit
from solvers.routing.instance import (
    COST,
    FINISH,
    FIXED,
    MAX_STOPS,
    PRIZE,
    PROFILE,
    START,
    TIMED,
    WAGE,
    Instance,
)
from solvers.routing.kernel_types import Int32Array, IntArray, Number
from solvers.routing.penalised_kernels import (
    distance,
    load_plan,
    spliced,
    update_route,
    walked,
    write_head,
    write_join,
    write_tail,
)
from solvers.routing.plain_search_kernels import improve_plain, is_plain
from solvers.routing.plan import (
    AFTER,
    BEFORE,
    CHANGED,
    ON,
    PENALTY,
    RANK,
    SIZE,
    TOP,
    TYPE,
    VALUE,
    Plan,
)
from solvers.routing.route_kernels import draw
from solvers.routing.swap_star_kernels import try_swap_star
from solvers.routing.within_kernels import try_within

EPSILON = 1e-6
GRANULAR = 20
RELOCATE, RELOCATE_PAIR, RELOCATE_REVERSED, RELOCATE_FIRST = range(4)
SWAP, SWAP_PAIR_ONE, SWAP_PAIRS, EXCHANGE_TAILS, TAKE_TAIL, MOVES = range(4, 10)


@njit(helper=True)
def try_between(instance: Instance, plan: Plan, u: Number, v: Number, now: Number) -> Number:
    """Make the first improving move of u next to v on another route; return 1 if one was made."""
    node, tour, worth, vehicle = plan.node, plan.tour, plan.worth, instance.vehicle
    first, allowed = instance.first_client, instance.allowed
    r, s = np.int64(node[u, ON]), np.int64(node[v, ON])
    kind, other = tour[r, TYPE], tour[s, TYPE]
    p, x = np.int64(node[u, BEFORE]), np.int64(node[u, AFTER])
    o, y = np.int64(node[v, BEFORE]), np.int64(node[v, AFTER])
    xx = np.int64(node[x, AFTER]) if x >= first else x
    yy = np.int64(node[y, AFTER]) if y >= first else y
    now_worth = worth[r, VALUE] + worth[s, VALUE]
    none = np.int64(-1)
    prune = vehicle[kind, WAGE] == 0 and vehicle[other, WAGE] == 0 and kind == other
    spare = worth[r, PENALTY] + worth[s, PENALTY]
    profile, rate = vehicle[kind, PROFILE], vehicle[kind, COST]
    if tour[r, SIZE] <= 2:
        # a route that visits nobody is spared altogether
        home = distance(instance, profile, vehicle[kind, START], vehicle[kind, FINISH])
        spare += vehicle[kind, FIXED] + rate * home
    size_u, size_v = tour[r, SIZE], tour[s, SIZE]
    # legs that several moves share: the change of length skips hopeless moves early
    p_u, u_x = distance(instance, profile, p, u), distance(instance, profile, u, x)
    o_v, v_y = distance(instance, profile, o, v), distance(instance, profile, v, y)
    v_u, u_y = distance(instance, profile, v, u), distance(instance, profile, u, y)
    p_v, v_x = distance(instance, profile, p, v), distance(instance, profile, v, x)
    p_x, p_xx = distance(instance, profile, p, x), distance(instance, profile, p, xx)
    o_u, x_y = distance(instance, profile, o, u), distance(instance, profile, x, y)
    x_xx, y_yy = distance(instance, profile, x, xx), distance(instance, profile, y, yy)
    for move in range(MOVES):
        # route r: head to a, k, j, tail from b; route s: head to c, m, n, tail from d
        a, k, j, b, c, m, n, d = p, none, none, x, v, u, none, y
        if move == RELOCATE:
            gain = 1
            change = p_x - p_u - u_x + v_u + u_y - v_y
        elif move in (RELOCATE_PAIR, RELOCATE_REVERSED):
            if x < first:
                continue
            gain = 2
            b = xx
            m, n = (u, x) if move == RELOCATE_PAIR else (x, u)
            change = p_xx - p_u - x_xx - v_y
            change += v_u + x_y if move == RELOCATE_PAIR else v_x + u_y
        elif move == RELOCATE_FIRST:
            if o >= first:
                continue
            gain = 1
            c, d = o, v
            change = p_x - p_u - u_x + o_u + v_u - o_v
        elif move == SWAP:
            if u > v and kind == other:
                continue
            gain = 0
            k, c = v, o
            change = p_v + v_x - p_u - u_x + o_u + u_y - o_v - v_y
        elif move == SWAP_PAIR_ONE:
            if x < first:
                continue
            gain = 1
            k, b, c, m, n = v, xx, o, u, x
            change = p_v + distance(instance, profile, v, xx) - p_u - x_xx + o_u + x_y - o_v - v_y
        elif move == SWAP_PAIRS:
            if x < first or y < first or (u > v and kind == other):
                continue
            gain = 0
            k, j, b, c, m, n, d = v, y, xx, o, u, x, yy
            change = p_v + distance(instance, profile, y, xx) - p_u - x_xx
            change += o_u + distance(instance, profile, x, yy) - o_v - y_yy
        elif move == EXCHANGE_TAILS:
            # u is followed by what follows v, and the other way round
            if kind != other:
                continue
            gain = 0
            a, b, c, m, d = u, y, v, none, x
            if x < first and y < first:
                continue
            change = u_y + v_x - u_x - v_y
        else:
            # u comes right after v: its tail goes with v's head
            if kind != other or (p < first and y < first):
                continue
            gain = 0
            a, b, c, m, d = p, y, v, none, u
            change = distance(instance, profile, p, y) + v_u - p_u - v_y
        if size_v + gain > vehicle[other, MAX_STOPS]:
            continue
        if kind != other and not (
            (m < 0 or allowed[other, m] > 0)
            and (n < 0 or allowed[other, n] > 0)
            and (k < 0 or allowed[kind, k] > 0)
            and (j < 0 or allowed[kind, j] > 0)
        ):
            continue
        if move >= EXCHANGE_TAILS:
            head = np.int64(node[a, RANK]) + 1 if a >= first else 0
            behind = size_v - 1 - node[v, RANK]
            if head + behind > vehicle[kind, MAX_STOPS]:
                continue
            if size_u - head + size_v - behind > vehicle[kind, MAX_STOPS]:
                continue
        if prune and change * rate >= spare:
            continue
        value, _ = spliced(instance, plan, kind, a, k, j, b)
        if value >= now_worth - EPSILON:
            continue
        more, _ = spliced(instance, plan, other, c, m, n, d)
        if value + more < now_worth - EPSILON:
            size = write_join(instance, plan, np.int64(0), a, k, j, b)
            size_other = write_join(instance, plan, np.int64(1), c, m, n, d)
            update_route(instance, plan, r, np.int64(0), size, now)
            update_route(instance, plan, s, np.int64(1), size_other, now)
            return 1
    return 0


@njit(helper=True, called=True)
def bring_in(instance: Instance, plan: Plan, u: Number, now: Number) -> Number:
    """Insert the unassigned client u at its cheapest place if that costs less than its prize."""
    node, tour, vehicle, first = plan.node, plan.tour, instance.vehicle, instance.first_client
    best = instance.client[u, PRIZE] - EPSILON
    best_r, best_a = np.int64(-1), np.int64(-1)
    for k in range(instance.near.shape[1]):
        v = np.int64(instance.near[u, k])
        if v < 0:
            break
        r = np.int64(node[v, ON])
        if r < 0:
            continue
        kind = tour[r, TYPE]
        if instance.allowed[kind, u] == 0 or tour[r, SIZE] >= vehicle[kind, MAX_STOPS]:
            continue
        for side in range(2):
            a = v if side == 0 else np.int64(node[v, BEFORE])
            b = np.int64(node[v, AFTER]) if side == 0 else v
            value, _ = spliced(instance, plan, kind, a, u, np.int64(-1), b)
            if value - plan.worth[r, VALUE] < best:
                best = value - plan.worth[r, VALUE]
                best_r, best_a = r, a
    seen = np.int64(-1)
    for slot in range(len(tour)):
        kind = tour[slot, TYPE]
        if tour[slot, SIZE] > 0 or kind == seen or instance.allowed[kind, u] == 0 or vehicle[kind, MAX_STOPS] < 1:
            continue
        seen = kind
        value, _ = spliced(instance, plan, kind, vehicle[kind, START], u, np.int64(-1), vehicle[kind, FINISH])
        if value < best:
            best = value
            best_r, best_a = np.int64(slot), vehicle[kind, START]
        if len(vehicle) == 1:
            break
    if best_r < 0:
        return 0
    kind = tour[best_r, TYPE]
    b = np.int64(node[best_a, AFTER]) if best_a >= first else tour[best_r, TOP]
    if b < 0:
        b = vehicle[kind, FINISH]
    size = write_join(instance, plan, np.int64(0), best_a, u, np.int64(-1), b)
    update_route(instance, plan, best_r, np.int64(0), size, now)
    return 1


@njit(helper=True)
def move_to_empty(instance: Instance, plan: Plan, u: Number, now: Number) -> Number:
    """Let u, alone or with all behind it, open an unused vehicle, or leave it out, if that is cheaper."""
    node, tour, worth, vehicle, first = plan.node, plan.tour, plan.worth, instance.vehicle, instance.first_client
    r = np.int64(node[u, ON])
    kind = tour[r, TYPE]
    p, x = np.int64(node[u, BEFORE]), np.int64(node[u, AFTER])
    without, _ = spliced(instance, plan, kind, p, np.int64(-1), np.int64(-1), x)
    if without + instance.client[u, PRIZE] < worth[r, VALUE] - EPSILON:
        size = write_join(instance, plan, np.int64(0), p, np.int64(-1), np.int64(-1), x)
        node[u, ON] = -1
        update_route(instance, plan, r, np.int64(0), size, now)
        return 1
    head, _ = spliced(instance, plan, kind, p, np.int64(-1), np.int64(-1), vehicle[kind, FINISH])
    seen = np.int64(-1)
    for s in range(len(tour)):
        other = tour[s, TYPE]
        if tour[s, SIZE] > 0 or other == seen or instance.allowed[other, u] == 0:
            continue
        seen = other
        alone, _ = spliced(instance, plan, other, vehicle[other, START], u, np.int64(-1), vehicle[other, FINISH])
        if tour[r, SIZE] > 1 and without + alone < worth[r, VALUE] - EPSILON and vehicle[other, MAX_STOPS] > 0:
            size = write_join(instance, plan, np.int64(0), p, np.int64(-1), np.int64(-1), x)
            size_other = write_join(
                instance, plan, np.int64(1), vehicle[other, START], u, np.int64(-1), vehicle[other, FINISH]
            )
            update_route(instance, plan, r, np.int64(0), size, now)
            update_route(instance, plan, s, np.int64(1), size_other, now)
            return 1
        if other == kind and p >= first:
            tail, _ = spliced(instance, plan, kind, vehicle[kind, START], np.int64(-1), np.int64(-1), u)
            if head + tail < worth[r, VALUE] - EPSILON:
                size = write_head(instance, plan, np.int64(0), np.int64(0), p)
                size_other = write_tail(instance, plan, np.int64(1), np.int64(0), u)
                update_route(instance, plan, r, np.int64(0), size, now)
                update_route(instance, plan, s, np.int64(1), size_other, now)
                return 1
        if other != kind and p < first:
            # the whole route changes vehicle
            size = write_tail(instance, plan, np.int64(0), np.int64(0), u)
            fits = size <= vehicle[other, MAX_STOPS]
            for k in range(size):
                fits = fits and instance.allowed[other, plan.scratch[0, k]] > 0
            if fits and walked(instance, plan, other, size) < worth[r, VALUE] - EPSILON:
                update_route(instance, plan, r, np.int64(0), np.int64(0), now)
                update_route(instance, plan, s, np.int64(0), size, now)
                return 1
        if len(vehicle) == 1:
            break
    return 0


@njit(allocates=False)
def educate(instance: Instance, plan: Plan, following: Int32Array, firsts: IntArray) -> Number:
    """Improve the routes given as next client [N] and first client [R] to a local optimum, in place.

    Returns the penalised cost, prizes of unassigned clients included.
    """
    node, tour, order, tested = plan.node, plan.tour, plan.order, plan.tested
    first = instance.first_client
    clients = len(node) - first
    load_plan(instance, plan, following, firsts)
    now = 1
    for i in range(clients):
        j = i + int(draw(plan.random) * (clients - i))
        order[i], order[j] = order[j], order[i]
    for i in range(clients):
        if node[order[i], ON] < 0:
            now += 1
            bring_in(instance, plan, np.int64(order[i]), now)
    near = min(GRANULAR, instance.near.shape[1])
    plain, bare = instance.features & TIMED == 0, is_plain(instance)
    searching = True
    while searching:
        searching = False
        for i in range(clients):
            u = np.int64(order[i])
            last = tested[u]
            tested[u] = now
            if node[u, ON] < 0:
                now += 1
                if bring_in(instance, plan, u, now):
                    searching = True
                continue
            if bare:
                made, now = improve_plain(instance, plan, u, near, last, now)
                searching = searching or made > 0
            for k in range(0 if bare else near):
                v = np.int64(instance.near[u, k])
                if v < 0:
                    break
                if node[v, ON] < 0:
                    continue
                if max(tour[node[u, ON], CHANGED], tour[node[v, ON], CHANGED]) <= last:
                    continue
                now += 1
                if node[u, ON] == node[v, ON]:
                    made = try_within(instance, plan, u, v, now)
                else:
                    made = try_between(instance, plan, u, v, now)
                if made:
                    searching = True
            now += 1
            if tour[node[u, ON], CHANGED] > last and move_to_empty(instance, plan, u, now):
                searching = True
        if not searching and plain:
            now += 1
            made, now = try_swap_star(instance, plan, now)
            if made:
                searching = True
    total = 0.0
    for c in range(first, len(node)):
        following[c] = node[c, AFTER]
        if node[c, ON] < 0:
            following[c] = -1
            total += instance.client[c, PRIZE]
    for r in range(len(tour)):
        firsts[r] = tour[r, TOP] if tour[r, SIZE] > 0 else -1
        total += plan.worth[r, VALUE]
    return total
