"""The result of a travel-time computation: arrival times, and the simplex that set each of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resynchro.electrics.eikonal_medium import Medium
from resynchro.electrics.eikonal_mesh import FloatArray, IndexArray
from resynchro.electrics.source_ball import SourceBall


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalTree:
    """How each arrival came about.

    Attributes
    ----------
    order
        Nodes in the order in which they were accepted, shape (r,), r nodes reached.
    parents, weights
        The nodes an arrival was made of and their weights (sum 1), shape (n, 3). Unused places repeat the first
        parent with weight 0; nodes that started themselves have weights 0 only.
    winner
        Shape (n,): the tetrahedron e that set the label, or m + t for a surface element, m + (number of surface
        elements) + c for a cable, -2 - k for entry k of the sources' nodes, -1 for nodes never reached.
    entry_starts
        Entries of source s are ``entry_starts[s]`` to ``entry_starts[s + 1]``, shape (s + 1,).
    """

    order: IndexArray
    parents: IndexArray
    weights: FloatArray
    winner: NDArray[np.int64]
    entry_starts: IndexArray


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelTimes:
    """Arrival times of an activation.

    Attributes
    ----------
    medium
        The medium they were found in.
    balls
        The sources.
    times_ms
        Arrival at every node, inf where the activation never comes, shape (n,) [ms].
    tree
        How each arrival came about, None when it was not kept.
    """

    medium: Medium
    balls: tuple[SourceBall, ...]
    times_ms: FloatArray
    tree: ArrivalTree | None
