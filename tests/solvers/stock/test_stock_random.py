"""Counter-based draws against published answers and against scipy's distributions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from solvers.stock.demand_kernels import TABLE_SIZE, draw_demand, gamma_table, negative_binomial_table
from solvers.stock.random_kernels import fill_uniforms, philox, stream


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        # Known answers of philox4x32-10, Random123 1.14, tests/kat_vectors.
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_the_published_answers(
    counter: tuple[int, ...], key: tuple[int, ...], words: tuple[int, ...]
) -> None:
    assert tuple(int(w) for w in philox(*map(np.uint64, counter), *map(np.uint64, key))) == words


def _uniforms(name: str, buckets: int, replications: int, first: int = 0, seed: int = 7) -> np.ndarray:
    out = np.empty((buckets, replications))
    fill_uniforms(stream(seed, "demand"), stream(name), first, out)
    return out


def test_streams_are_uniform_and_unrelated() -> None:
    one, other = _uniforms("a", 9, 20_000), _uniforms("b", 9, 20_000)
    assert ((one > 0) & (one < 1)).all()
    assert stats.kstest(one.ravel(), "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.01
    assert abs(np.corrcoef(one[0], one[1])[0, 1]) < 0.03


def test_a_draw_depends_on_its_name_only() -> None:
    whole = _uniforms("a", 8, 50)
    np.testing.assert_array_equal(whole[:, 20:30], _uniforms("a", 8, 10, first=20))
    np.testing.assert_array_equal(whole[:5], _uniforms("a", 5, 50))
    assert not np.array_equal(whole, _uniforms("a", 8, 50, seed=8))


@pytest.mark.parametrize(("mean", "variance"), [(0.2, 0.3), (3.0, 3.01), (8.0, 100.0), (400.0, 500.0), (30.0, 2000.0)])
def test_negative_binomial_table_is_scipys(mean: float, variance: float) -> None:
    values, cdf = np.empty(TABLE_SIZE), np.empty(TABLE_SIZE)
    length = negative_binomial_table(mean, variance, values, cdf)
    if length == 0:
        length = TABLE_SIZE
        assert stats.nbinom.sf(TABLE_SIZE, mean**2 / (variance - mean), mean / variance) > 1e-17
        return
    expected = stats.nbinom.cdf(values[:length], mean**2 / (variance - mean), mean / variance)
    np.testing.assert_allclose(cdf[:length], expected, atol=1e-12)


@pytest.mark.parametrize(("mean", "sd"), [(0.3, 0.5), (5.0, 2.0), (1000.0, 20.0), (0.05, 0.2), (1.0, 1.0)])
def test_gamma_quantiles_are_scipys(mean: float, sd: float) -> None:
    uniforms = np.array([0.001, 0.01, 0.1, 0.3, 0.5, 0.9, 0.99, 0.999])
    demand, values, cdf = np.empty(8), np.empty(TABLE_SIZE), np.empty(TABLE_SIZE)
    length = gamma_table(mean, sd**2, values, cdf)
    power = min(mean**2 / sd**2, 1 / 3)
    expected = stats.gamma.ppf(uniforms, mean**2 / sd**2, scale=sd**2 / mean)
    demand = np.interp(uniforms, cdf[:length], values[:length]) ** (1 / power)
    np.testing.assert_allclose(demand, expected, rtol=5e-3, atol=2e-3 * sd)


@given(mean=st.floats(0.05, 5000), spread=st.floats(0.05, 3.0))
def test_draws_have_the_wanted_moments(mean: float, spread: float) -> None:
    sd = mean * spread
    uniforms = (np.arange(20_000) + 0.5) / 20_000
    demand = np.empty(20_000)
    draw_demand(mean, sd, uniforms, np.empty(TABLE_SIZE), np.empty(TABLE_SIZE), demand)
    assert (np.diff(demand) >= 0).all()
    assert demand.mean() == pytest.approx(mean, rel=0.01)
    assert demand.std() == pytest.approx(sd, rel=0.03)
    if mean < sd**2 and mean + 40 * sd < TABLE_SIZE:
        np.testing.assert_array_equal(demand, np.rint(demand))


def test_no_uncertainty_and_no_demand() -> None:
    demand = np.empty(3)
    for mean, sd, expected in ((4.5, 0.0, 4.5), (0.0, 3.0, 0.0), (0.0, 0.0, 0.0)):
        draw_demand(mean, sd, np.array([0.1, 0.5, 0.9]), np.empty(TABLE_SIZE), np.empty(TABLE_SIZE), demand)
        assert (demand == expected).all()
