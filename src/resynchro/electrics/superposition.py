"""Superposition of travel times: the activation by several sources is the earliest of delay + travel time.

In one medium T(x; sources) = min over s of (delay_s + T_s(x)). Every pacing configuration is thus made of fields that
were solved once. In the continuum this is exact; on a mesh it differs from a direct solution only where fronts meet.
Fields of different media (a layer on or off, other velocities) must not be mixed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from resynchro.electrics.eikonal_mesh import FloatArray, IndexArray, frozen
from resynchro.errors import InputError

TimesArray = NDArray[np.floating[Any]]


def superposed(times_ms: TimesArray, delays_ms: ArrayLike) -> tuple[FloatArray, IndexArray]:
    """Return the activation that several pre-solved sources make together, and which source came first.

    Parameters
    ----------
    times_ms
        Travel time from each source to each node, shape (s, n), float32 or float64 [ms], inf where never reached.
    delays_ms
        Release time of each source, shape (s,) [ms]; inf for a source that does not fire.

    Returns
    -------
    tuple of ndarray
        Arrival at every node, shape (n,) [ms], inf where no source reaches, and the number of the source that arrives
        first (the lower one of equals), -1 where none does, shape (n,).

    Raises
    ------
    InputError
        Shapes that do not fit, or a delay that is not a number.
    """
    fields, delays = _checked(times_ms, np.atleast_2d(np.asarray(delays_ms, dtype=np.float64)))
    arrival, winner = np.empty(fields.shape[1]), np.empty(fields.shape[1], np.int32)
    _earliest(fields, delays[0], arrival, winner)
    return frozen(arrival), frozen(winner)


def superposed_each(times_ms: TimesArray, delays_ms: ArrayLike) -> NDArray[np.float32]:
    """Return the activations of many configurations of the same pre-solved sources.

    Parameters
    ----------
    times_ms
        As in `superposed`.
    delays_ms
        Release time of each source in each configuration, shape (c, s) [ms]; inf for a source that does not fire.

    Returns
    -------
    ndarray
        Arrival at every node in every configuration, shape (c, n), float32 [ms].

    Raises
    ------
    InputError
        As in `superposed`.
    """
    fields, delays = _checked(times_ms, np.asarray(delays_ms, dtype=np.float64))
    arrivals = np.empty((delays.shape[0], fields.shape[1]), np.float32)
    _earliest_each(fields, delays, arrivals)
    arrivals.setflags(write=False)
    return arrivals


def _checked(times_ms: TimesArray, delays: FloatArray) -> tuple[TimesArray, FloatArray]:
    fields = np.asarray(times_ms)
    if fields.ndim != 2 or fields.dtype not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise InputError(f"travel times must be float32 or float64 of shape (s, n), got {fields.dtype} {fields.shape}")
    if delays.ndim != 2 or delays.shape[1] != fields.shape[0]:
        raise InputError(f"delays must have one value for each of {fields.shape[0]} sources, got shape {delays.shape}")
    if np.isnan(delays).any() or (delays == -np.inf).any():
        raise InputError("delays must be numbers in ms, or inf for a source that does not fire")
    return frozen(fields), frozen(delays)


@njit(cache=True)
def _earliest(fields: TimesArray, delays: FloatArray, arrival: FloatArray, winner: IndexArray) -> None:
    arrival[:] = np.inf
    winner[:] = -1
    for s in range(fields.shape[0]):
        if delays[s] == np.inf:
            continue
        for i in range(fields.shape[1]):
            time = fields[s, i] + delays[s]
            if time < arrival[i]:
                arrival[i] = time
                winner[i] = s


@njit(cache=True)
def _earliest_each(fields: TimesArray, delays: FloatArray, arrivals: NDArray[np.float32]) -> None:
    for c in range(delays.shape[0]):
        arrivals[c, :] = np.inf
        for s in range(fields.shape[0]):
            if delays[c, s] == np.inf:
                continue
            for i in range(fields.shape[1]):
                arrivals[c, i] = min(arrivals[c, i], fields[s, i] + delays[c, s])
