"""Ruin and recreate under simulated annealing in one region of a plain problem.

The steps are those of `annealing_kernels` (Christiaens and Vanden Berghe 2020), for loads only: a string leaves as a
whole, a neighbour next to which an insertion must be too dear is passed over by one look at its longer arc, and places
that would take the step above what the temperature allows are not looked at.
"""

from __future__ import annotations

import math

import numpy as np

from solvers.compiled import njit
from solvers.routing.kernel_types import FloatArray, Number
from solvers.routing.region import (
    BEST_COST,
    BLINK,
    COSTS,
    COUNT,
    EXCHANGE,
    FAR,
    FIRST,
    FREE,
    GAP,
    INSERTION,
    LEFT,
    LOAD,
    LOG_CLIENT,
    LOG_KIND,
    LOG_NEXT,
    LOG_PREVIOUS,
    LOG_ROUTE,
    LOG_TO_NEXT,
    LOG_TO_PREVIOUS,
    LOGGED,
    NEXT,
    OVERLOAD,
    OWN,
    PREVIOUS,
    REMOVAL,
    REMOVED,
    ROUTE,
    STEP,
    TO_NEXT,
    TO_PREVIOUS,
    TOUCHED,
    TURN,
    USED,
    Plain,
    Region,
)
from solvers.routing.region_link_kernels import arc, close_route, connect, open_route, overload, touch
from solvers.routing.region_reconnect_kernels import reconnect
from solvers.routing.region_tail_kernels import cross_tails, exchange_tails, turn_route
from solvers.routing.route_kernels import draw, leg

LONGEST_STRING = 10.0
BLINK_RATE = 0.01
PASSING = 2
"""Routes, drawn at random, whose first and last arc are looked at for an insertion, besides those of near clients."""
ALIKE = 0.7
"""Share of the ruins whose strings all begin with deliveries, or all with backhauls, where there are both."""


@njit(helper=True)
def remove_piece(plain: Plain, region: Region, r: Number, begin: Number, number: Number) -> tuple[Number, Number]:
    """Take `number` clients from `begin` on out of route r, log them; return (change of distance, client behind)."""
    link, route, counter, log = region.link, region.route, region.counter, region.log
    first = plain.first_client
    a = np.int64(link[begin, PREVIOUS])
    v = begin
    spared = np.int64(link[begin, TO_PREVIOUS])
    excess = overload(plain, region, r)
    row, removed = counter[LOGGED], counter[REMOVED]
    for _ in range(number):
        following = np.int64(link[v, NEXT])
        spared += link[v, TO_NEXT]
        log[row, LOG_CLIENT] = v
        log[row, LOG_NEXT] = following
        log[row, LOG_PREVIOUS] = link[v, PREVIOUS]
        log[row, LOG_ROUTE] = r
        log[row, LOG_TO_NEXT] = link[v, TO_NEXT]
        log[row, LOG_TO_PREVIOUS] = link[v, TO_PREVIOUS]
        log[row, LOG_KIND] = REMOVAL
        row += 1
        region.removed[removed] = v
        removed += 1
        link[v, ROUTE] = -1
        region.longest[v] = -FAR
        for q in range(len(plain.capacity)):
            route[r, LOAD + q] -= plain.demand[v, q]
        v = following
    if counter[REMOVED] == 0:
        counter[GAP] = a
    counter[LOGGED], counter[REMOVED] = row, removed
    if excess > 0:
        counter[OVERLOAD] += overload(plain, region, r) - excess
    route[r, COUNT] -= number
    if route[r, COUNT] == 0:
        close_route(region, r)
        return -spared, v
    length = arc(plain, a, v) if a >= first or v >= first else np.int64(0)
    connect(plain, region, r, a, v, length)
    return length - spared, v


@njit(helper=True)
def remove_string(plain: Plain, region: Region, c: Number, longest: Number) -> Number:
    """Remove a string of clients around c, sometimes sparing a part in the middle; return the change of distance."""
    link, route, random, first = region.link, region.route, region.random, plain.first_client
    r = np.int64(link[c, ROUTE])
    touch(region, r)
    count = route[r, COUNT]
    length = min(count, int(1.0 + draw(random) * min(float(count), longest)))
    spared = 0
    if 1 < length < count and draw(random) < 0.5:
        spared = 1
        while length + spared < count and draw(random) > 0.99:
            spared += 1
    span = length + spared
    back = int(draw(random) * span)
    begin = np.int64(c)
    while back > 0 and link[begin, PREVIOUS] >= first:
        begin = np.int64(link[begin, PREVIOUS])
        back -= 1
    ahead = 1
    v = begin
    while ahead < span and link[v, NEXT] >= first:
        v = np.int64(link[v, NEXT])
        ahead += 1
    while ahead < span:
        begin = np.int64(link[begin, PREVIOUS])
        ahead += 1
    if spared == 0:
        change, v = remove_piece(plain, region, r, begin, length)
    else:
        head = 1 + int(draw(random) * (length - 1))
        change, v = remove_piece(plain, region, r, begin, head)
        for _ in range(spared):
            v = np.int64(link[v, NEXT])
        more, v = remove_piece(plain, region, r, v, length - head)
        change += more
    if len(plain.behind) > 0 and route[r, COUNT] > 0 and plain.behind[route[r, FIRST]] > 0:
        # no route has backhauls only
        more, v = remove_piece(plain, region, r, np.int64(route[r, FIRST]), route[r, COUNT])
        change += more
    return change


@njit(helper=True)
def ruin(plain: Plain, region: Region, average: Number) -> Number:
    """Remove strings from routes around a random client, about `average` clients; return the change of cost."""
    link, counter, random = region.link, region.counter, region.random
    used, excess = counter[USED], counter[OVERLOAD]
    longest = min(LONGEST_STRING, counter[OWN] / used)
    strings = int(1.0 + draw(random) * max(1.0, 4.0 * average / (1.0 + longest) - 1.0))
    centre = region.own[int(draw(random) * counter[OWN])]
    # deliveries take each other's places, and backhauls theirs
    alike = len(plain.behind) > 0 and draw(random) < ALIKE
    change = np.int64(0)
    done = 0
    for k in range(plain.around.shape[1]):
        c = np.int64(plain.around[centre, k])
        if c < 0 or done >= strings:
            break
        r = link[c, ROUTE]
        if alike and plain.behind[c] != plain.behind[centre]:
            continue
        if r >= 0 and region.stamp[r] != counter[STEP]:
            change += remove_string(plain, region, c, longest)
            done += 1
    return plain.rate * change + plain.fixed * (counter[USED] - used) + counter[OVERLOAD] - excess


@njit(helper=True)
def order_removed(plain: Plain, region: Region) -> None:
    """Sort the removed clients by a criterion drawn at random: random, demand, far, near (weights 4, 4, 2, 1)."""
    removed, keys, sorting = region.removed, plain.keys, region.sorting
    u = draw(region.random) * 11.0
    column = -1
    if u >= 10.0:
        column = 2
    elif u >= 8.0:
        column = 1
    elif u >= 4.0:
        column = 0
    for i in range(region.counter[REMOVED]):
        c = removed[i]
        key = keys[c, column] if column >= 0 else draw(region.random)
        j = i - 1
        while j >= 0 and sorting[j] > key:
            sorting[j + 1] = sorting[j]
            removed[j + 1] = removed[j]
            j -= 1
        sorting[j + 1] = key
        removed[j + 1] = c


@njit(helper=True)
def added_overload(plain: Plain, region: Region, r: Number, c: Number) -> Number:
    """Return what client c adds to the price of overload on route r."""
    price = np.int64(0)
    for q in range(len(plain.capacity)):
        load = region.route[r, LOAD + q] - plain.capacity[q]
        if load + plain.demand[c, q] > 0:
            price += plain.overload[q] * min(plain.demand[c, q], load + plain.demand[c, q])
    return price


@njit(helper=True)
def insert_cheapest(
    plain: Plain, region: Region, pheromone: FloatArray, greed: float, c: Number, limit: Number
) -> Number:
    """Insert c at its cheapest place next to a near client, at an end of a route drawn, or alone; return the change.

    A change of `FAR`^2 says that no place costs less than `limit`, and that nothing was done. Now and then a better
    place is overlooked (a blink). With `pheromone` [N, K] in (0, 1] on the arcs to near clients, the lowest cost /
    pheromone decides, or, with probability 1 - `greed`, a place is drawn in proportion to pheromone / cost, by a race
    of exponential clocks.
    """
    link, route, counter, random = region.link, region.route, region.counter, region.random
    first, rate = plain.first_client, plain.rate
    ants, ordered = len(pheromone) > 0, len(plain.behind) > 0
    racing = ants and draw(random) >= greed
    # `best` is the price of the place taken, `lowest` what decides; a price is never above it, unless clocks race
    best, lowest = limit, np.inf if ants else float(limit)
    best_a, best_b, best_r, best_over = np.int64(-1), np.int64(-1), np.int64(-1), np.int64(0)
    if counter[FREE] >= 0:
        alone = plain.fixed + rate * (plain.out[c] + plain.back[c])
        if alone < limit:
            best = alone
            best_r = counter[FREE]
            lowest = float(alone)
            if racing:
                lowest *= -math.log(1.0 - draw(random))
    for k in range(plain.near.shape[1]):
        v = np.int64(plain.near[c, k])
        if v < 0:
            break
        to_v = np.int64(plain.near_gap[c, k])
        if rate * (2 * to_v - region.longest[v]) >= lowest and not racing:
            continue
        r = np.int64(link[v, ROUTE])
        if r < 0:
            continue
        over = added_overload(plain, region, r, c)
        if over > 0 and rate * (2 * to_v - region.longest[v]) + over >= limit:
            continue
        for side in range(2):
            if side == 0:
                w, broken = np.int64(link[v, NEXT]), np.int64(link[v, TO_NEXT])
            else:
                w, broken = np.int64(link[v, PREVIOUS]), np.int64(link[v, TO_PREVIOUS])
            if ordered:
                # no delivery behind a backhaul; with a backhaul no route begins, see `BARRED`
                a, b = (v, w) if side == 0 else (w, v)
                if plain.behind[c] > 0:
                    if b >= first and plain.behind[b] == 0:
                        continue
                elif plain.behind[a] > 0:
                    continue
            if w >= first:
                if rate * (2 * to_v - broken) + over >= lowest and not racing:
                    continue
                to_w = leg(plain.matrix, plain.points, plain.metric, plain.profile, c, w)
            else:
                to_w = plain.back[c] if side == 0 else plain.out[c]
            price = rate * (to_v + to_w - broken) + over
            score = float(price)
            if ants:
                if price >= limit:
                    continue
                score = max(1.0, score) / pheromone[c, k]
                if racing:
                    score *= -math.log(1.0 - draw(random))
            if score >= lowest:
                continue
            counter[BLINK] -= 1
            if counter[BLINK] <= 0:
                counter[BLINK] = 1 + int(-math.log(1.0 - draw(random)) / BLINK_RATE)
                continue
            best, lowest = price, score
            best_r, best_over = r, over
            if side == 0:
                best_a, best_b = v, w
            else:
                best_a, best_b = w, v
    for _ in range(0 if ants else PASSING):
        # a route that leads far away may pass by: its first and last client are not near
        r = np.int64(link[region.own[int(draw(random) * counter[OWN])], ROUTE])
        if r < 0:
            continue
        over = added_overload(plain, region, r, c)
        for side in range(2 if over < best else 0):
            v = np.int64(route[r, FIRST + side])
            if ordered and side == 1 and plain.behind[v] > 0 and plain.behind[c] == 0:
                continue
            detour = plain.out[c] - plain.out[v] if side == 0 else plain.back[c] - plain.back[v]
            price = rate * (detour + leg(plain.matrix, plain.points, plain.metric, plain.profile, c, v)) + over
            if price >= best:
                continue
            counter[BLINK] -= 1
            if counter[BLINK] <= 0:
                counter[BLINK] = 1 + int(-math.log(1.0 - draw(random)) / BLINK_RATE)
                continue
            best, best_r, best_over = price, r, over
            best_a, best_b = (np.int64(0), v) if side == 0 else (v, np.int64(0))
    if best_r < 0:
        return FAR * FAR
    touch(region, best_r)
    counter[OVERLOAD] += best_over
    fresh = route[best_r, COUNT] == 0
    row = counter[LOGGED]
    region.log[row, LOG_CLIENT] = c
    region.log[row, LOG_KIND] = INSERTION
    counter[LOGGED] += 1
    if fresh:
        open_route(region, best_r)
        best_a, best_b = np.int64(0), np.int64(0)
    elif best_a >= first:
        region.log[row, LOG_TO_NEXT] = link[best_a, TO_NEXT]
    else:
        region.log[row, LOG_TO_NEXT] = link[best_b, TO_PREVIOUS]
    route[best_r, COUNT] += 1
    link[c, ROUTE] = best_r
    for q in range(len(plain.capacity)):
        route[best_r, LOAD + q] += plain.demand[c, q]
    connect(plain, region, best_r, best_a, c, arc(plain, best_a, c))
    connect(plain, region, best_r, c, best_b, arc(plain, c, best_b))
    return best


@njit(helper=True)
def undo(plain: Plain, region: Region) -> None:
    """Take back every change of this step, newest first."""
    link, route, log = region.link, region.route, region.log
    for row in range(region.counter[LOGGED] - 1, -1, -1):
        c = np.int64(log[row, LOG_CLIENT])
        if log[row, LOG_KIND] == TURN:
            turn_route(plain, region, np.int64(log[row, LOG_ROUTE]))
            continue
        if log[row, LOG_KIND] == EXCHANGE:
            a, b = np.int64(log[row, LOG_PREVIOUS]), np.int64(log[row, LOG_NEXT])
            exchange_tails(plain, region, np.int64(log[row, LOG_ROUTE]), a, np.int64(log[row, LOG_CLIENT]), b)
            continue
        if log[row, LOG_KIND] == INSERTION:
            r = np.int64(link[c, ROUTE])
            a, b = np.int64(link[c, PREVIOUS]), np.int64(link[c, NEXT])
            link[c, ROUTE] = -1
            region.longest[c] = -FAR
            route[r, COUNT] -= 1
            for q in range(len(plain.capacity)):
                route[r, LOAD + q] -= plain.demand[c, q]
            if route[r, COUNT] == 0:
                close_route(region, r)
            else:
                connect(plain, region, r, a, b, np.int64(log[row, LOG_TO_NEXT]))
            continue
        r = np.int64(log[row, LOG_ROUTE])
        if route[r, COUNT] == 0:
            open_route(region, r)
        route[r, COUNT] += 1
        link[c, ROUTE] = r
        for q in range(len(plain.capacity)):
            route[r, LOAD + q] += plain.demand[c, q]
        connect(plain, region, r, np.int64(log[row, LOG_PREVIOUS]), c, np.int64(log[row, LOG_TO_PREVIOUS]))
        connect(plain, region, r, c, np.int64(log[row, LOG_NEXT]), np.int64(log[row, LOG_TO_NEXT]))


@njit(helper=True)
def begin_step(region: Region) -> None:
    """Forget the step before."""
    region.counter[REMOVED] = region.counter[TOUCHED] = region.counter[LOGGED] = 0
    region.counter[STEP] += 1


@njit(helper=True)
def settle(region: Region, change: Number) -> bool:
    """Note what an accepted step has changed; return whether the solution is the best so far."""
    counter = region.counter
    counter[COSTS] += change
    for i in range(counter[TOUCHED]):
        r = region.touched[i]
        if region.is_left[r] == 0:
            region.is_left[r] = 1
            region.left[counter[LEFT]] = r
            counter[LEFT] += 1
    if counter[OVERLOAD] == 0 and counter[COSTS] < counter[BEST_COST]:
        counter[BEST_COST] = counter[COSTS]
        return True
    return False


@njit(helper=True)
def keep_best(plain: Plain, region: Region) -> None:
    """Copy the routes that have changed since the best solution, as the current one is the best so far."""
    counter, link, route, first = region.counter, region.link, region.route, plain.first_client
    for i in range(counter[LEFT]):
        r = region.left[i]
        region.is_left[r] = 0
        region.best_first[r] = -1
        if route[r, COUNT] == 0:
            continue
        region.best_first[r] = route[r, FIRST]
        v = np.int64(route[r, FIRST])
        while v >= first:
            region.best_next[v] = link[v, NEXT]
            v = np.int64(link[v, NEXT])
    counter[LEFT] = 0
    counter[BEST_COST] = counter[COSTS]


@njit(allocates=False)
def anneal_region(
    plain: Plain,
    region: Region,
    pheromone: FloatArray,
    greed: float,
    steps: Number,
    hot: Number,
    cold: Number,
    average: float,
    crossed: float,
) -> None:
    """Run `steps` steps of ruin and recreate while the temperature falls from `hot` to `cold`.

    Where there are backhauls, each begins with a try to join two near clients, see `reconnect`. With `pheromone` [N, K]
    each step is an ant's, see `insert_cheapest`; [0, 0] for none.
    """
    counter = region.counter
    cooling = (cold / hot) ** (1.0 / max(1, steps))
    temperature = hot
    unsaved = False
    ordered = len(plain.behind) > 0
    for _ in range(steps):
        if ordered:
            begin_step(region)
            limit = np.int64(min(-temperature * math.log(draw(region.random) + 1e-300), 1e15)) + 1
            change = reconnect(plain, region, limit, unsaved)
            if change < FAR * FAR:
                unsaved = settle(region, change) or unsaved
        begin_step(region)
        excess = counter[OVERLOAD]
        change = ruin(plain, region, average)
        if not ordered and draw(region.random) < crossed:
            change += cross_tails(plain, region)
        order_removed(plain, region)
        temperature *= cooling
        limit = np.int64(min(-temperature * math.log(draw(region.random) + 1e-300), 1e15)) + 1
        accepted = True
        for i in range(counter[REMOVED]):
            more = insert_cheapest(plain, region, pheromone, greed, np.int64(region.removed[i]), limit - change)
            if more >= FAR * FAR:
                accepted = False
                break
            change += more
        if not accepted or (unsaved and (change > 0 or counter[OVERLOAD] > 0)):
            undo(plain, region)
            counter[OVERLOAD] = excess
            if accepted:
                # the state before this step was the best: it is copied and the step given up
                keep_best(plain, region)
                unsaved = False
            continue
        unsaved = settle(region, change) or unsaved
    if unsaved:
        keep_best(plain, region)
