"""How a stage asks for a result that may be known already: the pipeline and the stages see only this.

The stage cache of the engine looks results up; `compute_anew` is what takes its place without one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

Result = TypeVar("Result")


class Recall(Protocol):
    """Return `compute(*inputs, **means)`, computed now or at another time."""

    def __call__(
        self,
        stage: str,
        compute: Callable[..., Result],
        *inputs: object,
        keep: bool | Callable[[Result], bool] = True,
        **means: Any,
    ) -> Result:
        """Return the result.

        Parameters
        ----------
        stage : name of the kind of result, for people.
        inputs : everything that the result depends on; their content is the key.
        keep : whether the result may be used again; False where a time limit may have decided it.
        means : what must not change the result: cores, progress, limits of time (`limit` is a stop rule). Where
            `compute` is called on a worker it is called without them.
        """


def compute_anew(
    stage: str,
    compute: Callable[..., Result],
    *inputs: object,
    keep: bool | Callable[[Result], bool] = True,
    **means: Any,
) -> Result:
    """Compute without a cache."""
    return compute(*inputs, **means)
