"""Types in the signatures of compiled kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Number = Any
"""A machine integer or float: int64, int32 or float64, mixed freely inside compiled code."""
IntArray = NDArray[np.int64]
Int32Array = NDArray[np.int32]
FloatArray = NDArray[np.float64]
RandomState = NDArray[np.uint64]
