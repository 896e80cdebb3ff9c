"""Results as plain data for JSON, the same for the command line, the plan and a notebook."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np

#: Digits kept: more than any measurement here carries.
_SIGNIFICANT = 6


def plain(value: Any) -> Any:
    """Turn a result into dictionaries, lists, strings, numbers and None.

    Parameters
    ----------
    value
        A dataclass, mapping, sequence, array, date or scalar, nested at will.

    Returns
    -------
    object
        Ready for `json.dumps(..., allow_nan=False)`: floats rounded to six significant digits; what is not a
        finite number becomes None.

    Raises
    ------
    TypeError
        For a type that has no plain form.

    Examples
    --------
    >>> plain({"qrs_ms": 165.99999999, "axis_deg": float("nan"), "leads": ("I", "V6")})
    {'qrs_ms': 166.0, 'axis_deg': None, 'leads': ['I', 'V6']}
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float | np.floating):
        number = float(value)
        return float(f"{number:.{_SIGNIFICANT}g}") if math.isfinite(number) else None
    if isinstance(value, np.bool_ | np.integer):
        return value.item()
    if isinstance(value, np.ndarray):
        return [plain(item) for item in value.tolist()]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(plain(item) for item in value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no plain form")
