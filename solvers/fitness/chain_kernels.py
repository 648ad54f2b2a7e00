"""The chains in Numba, one chain per thread; `cuda_chains` holds the same algorithm as a CUDA kernel.

Slack induction by string removals under annealing (Christiaens and Vanden Berghe 2020), without times. Every random
number is drawn from the chain's own counter, and a blink is a function of the step's number and the place, so that
places may be looked at in any order.
"""

from __future__ import annotations

import math

import numpy as np

from solvers.compiled import njit, prange
from solvers.fitness.chain_data import MOST_REMOVED, ChainStates, FloatArray, Int32Array, IntArray, Number, Seeds

BLINK = 0.01
"""Probability that a place is overlooked."""
_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_11, _27, _30, _31 = np.uint64(11), np.uint64(27), np.uint64(30), np.uint64(31)
_UNIT = 1.0 / 9007199254740992.0


@njit(helper=True)
def scramble(x: np.uint64) -> np.uint64:
    """Return a scrambled x (the output function of splitmix64; Steele, Lea, Flood 2014)."""
    x = (x ^ (x >> _30)) * _FIRST
    x = (x ^ (x >> _27)) * _SECOND
    return x ^ (x >> _31)


@njit(helper=True)
def uniform(seeds: Seeds, chain: Number) -> float:
    """Return a number in [0, 1) and move the chain's counter on."""
    seeds[chain] += _GAMMA
    return float(scramble(seeds[chain]) >> _11) * _UNIT


@njit(helper=True)
def distance(points: FloatArray, scale: float, offset: float, a: Number, b: Number) -> np.int64:
    """Return the rounded distance of two nodes."""
    if a == b:
        return np.int64(0)
    x, y = points[a, 0] - points[b, 0], points[a, 1] - points[b, 1]
    return np.int64(math.floor(scale * math.sqrt(x * x + y * y) + offset))


@njit(helper=True)
def link(states: ChainStates, m: Number, c: Number, a: Number, b: Number, r: Number, demand: IntArray) -> None:
    """Put client c between a and b, neighbours on route r (0: the depot)."""
    states.after[m, c], states.before[m, c], states.route[m, c] = b, a, r
    if a > 0:
        states.after[m, a] = c
    else:
        states.first[m, r] = c
    if b > 0:
        states.before[m, b] = c
    else:
        states.last[m, r] = c
    states.load[m, r] += demand[c]
    states.size[m, r] += 1


@njit(helper=True)
def unlink(states: ChainStates, m: Number, c: Number, demand: IntArray) -> None:
    """Take client c off its route."""
    a, b, r = states.before[m, c], states.after[m, c], states.route[m, c]
    if a > 0:
        states.after[m, a] = b
    else:
        states.first[m, r] = b
    if b > 0:
        states.before[m, b] = a
    else:
        states.last[m, r] = a
    states.load[m, r] -= demand[c]
    states.size[m, r] -= 1
    states.route[m, c] = -1


@njit(parallel=True)
def run_chains(
    points: FloatArray,
    scale: float,
    offset: float,
    demand: IntArray,
    capacity: int,
    near: Int32Array,
    around: Int32Array,
    states: ChainStates,
    steps: int,
    hot: float,
    cooling: float,
    strings: float,
    longest: float,
    seeds: Seeds,
) -> None:
    """Run every chain of `states` for `steps` steps; the arguments are those of `ChainProblem` and `Schedule`."""
    chains, nodes = states.after.shape
    slots = states.first.shape[1]
    after, before, route, load, cost = states.after, states.before, states.route, states.load, states.cost
    for m in prange(chains):
        removed, sites = np.zeros(MOST_REMOVED, np.int64), np.zeros((MOST_REMOVED, 2), np.int64)
        order, keys = np.zeros(MOST_REMOVED, np.int64), np.zeros(MOST_REMOVED, np.float64)
        ruined = np.full(slots, -1, np.int64)
        temperature = hot
        for step in range(steps):
            temperature *= cooling
            change, taken, done = np.int64(0), 0, 0
            wanted = int(1.0 + uniform(seeds, m) * strings)
            centre = 1 + int(uniform(seeds, m) * (nodes - 1))
            for k in range(around.shape[1]):
                c = np.int64(around[centre, k])
                if c < 0 or done >= wanted:
                    break
                r = np.int64(route[m, c])
                if r < 0 or ruined[r] == step:
                    continue
                ruined[r] = step
                done += 1
                many = int(states.size[m, r])
                length = min(int(1.0 + uniform(seeds, m) * min(float(many), longest)), many)
                back = int(uniform(seeds, m) * length)
                v = c
                while back > 0 and before[m, v] > 0:
                    v = np.int64(before[m, v])
                    back -= 1
                while length > 0 and v > 0 and taken < MOST_REMOVED:
                    a, b = np.int64(before[m, v]), np.int64(after[m, v])
                    change += distance(points, scale, offset, a, b)
                    change -= distance(points, scale, offset, a, v) + distance(points, scale, offset, v, b)
                    removed[taken], sites[taken, 0], sites[taken, 1] = v, a, r
                    taken += 1
                    unlink(states, m, v, demand)
                    v = b
                    length -= 1
            kind = uniform(seeds, m) * 11.0
            for i in range(taken):
                c = removed[i]
                if kind < 4.0:
                    key = uniform(seeds, m)
                elif kind < 8.0:
                    key = -float(demand[c])
                else:
                    key = float(distance(points, scale, offset, 0, c))
                    key = -key if kind < 10.0 else key
                j = i - 1
                while j >= 0 and keys[j] > key:
                    keys[j + 1], order[j + 1] = keys[j], order[j]
                    j -= 1
                keys[j + 1], order[j + 1] = key, c
            seeds[m] += _GAMMA
            blinks = scramble(seeds[m])
            inserted = 0
            while inserted < taken:
                c = order[inserted]
                best, place = 2 * distance(points, scale, offset, 0, c), np.int64(-1)
                for k in range(near.shape[1]):
                    v = np.int64(near[c, k])
                    if v < 0:
                        break
                    r = np.int64(route[m, v])
                    if r < 0 or load[m, r] + demand[c] > capacity:
                        continue
                    to_c = distance(points, scale, offset, v, c)
                    for side in range(2):
                        at = 2 * k + side
                        spot = np.uint64(inserted * 4096 + at) * _GAMMA
                        if float(scramble(blinks ^ spot) >> _11) * _UNIT < BLINK:
                            continue
                        other = np.int64(after[m, v]) if side == 0 else np.int64(before[m, v])
                        price = to_c + distance(points, scale, offset, c, other)
                        price -= distance(points, scale, offset, v, other)
                        if price < best:
                            best, place = price, np.int64(at)
                r, a, b = np.int64(-1), np.int64(0), np.int64(0)
                if place >= 0:
                    v = np.int64(near[c, place // 2])
                    r = np.int64(route[m, v])
                    a = v if place % 2 == 0 else np.int64(before[m, v])
                    b = np.int64(after[m, v]) if place % 2 == 0 else v
                else:
                    for s in range(slots):
                        if states.size[m, s] == 0:
                            r = np.int64(s)
                            break
                    if r < 0:
                        break
                link(states, m, c, a, b, r, demand)
                inserted += 1
                change += best
            limit = -temperature * math.log(uniform(seeds, m) + 1e-300)
            if inserted == taken and change < limit:
                cost[m] += change
                continue
            for i in range(inserted - 1, -1, -1):
                unlink(states, m, order[i], demand)
            for i in range(taken - 1, -1, -1):
                c, a, r = removed[i], sites[i, 0], sites[i, 1]
                link(states, m, c, a, np.int64(after[m, a]) if a > 0 else np.int64(states.first[m, r]), r, demand)
