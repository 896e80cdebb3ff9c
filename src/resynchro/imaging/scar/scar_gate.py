"""Is there scar at all? One verdict for the patient before any threshold is believed.

A threshold half-way to the maximum finds "scar" in every wall, healthy or not. The gate asks for something that healthy
wall does not show: a coherent island, away from the borders of the wall, nearly as bright as blood, in neighbouring
slices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from resynchro.imaging.scar.scar_islands import scar_parts
from resynchro.imaging.scar.scar_rules import EnhancedSlice
from resynchro.imaging.scar.scar_thresholds import BLOOD_SHARE

#: Least island in two neighbouring slices together, as a share of the wall of one slice [%]. It lies between what
#: slices that an expert called free of scar show and the smallest of ten infarcts: docs/scar.md, "The gate".
GATE_PCT = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScarGate:
    """The verdict and what it rests on.

    Attributes
    ----------
    present
        True when `island_pct` reaches `limit_pct`.
    island_pct
        Largest sum over two neighbouring slices of the largest bright island, as a share of the wall of one slice [%].
    limit_pct
        `GATE_PCT`.
    slices_pct
        Largest island per slice [%].
    """

    present: bool
    island_pct: float
    limit_pct: float
    slices_pct: tuple[float, ...]


def scar_gate(slices: Sequence[EnhancedSlice]) -> ScarGate:
    """Decide for one patient whether there is scar.

    Parameters
    ----------
    slices
        In order of position.

    Returns
    -------
    ScarGate
        An island is a connected part of the wall that is brighter than 60 % of the way from remote wall to blood, the
        outermost pixels on both sides of the wall left out (they mix with blood and fat). A single slice must reach the
        limit by itself.

    Notes
    -----
    Validity: no healthy heart with images was at hand. The limit comes from 15 slices without scar of patients with
    infarction and from phantoms. Scar smaller than about one segment in two slices stays below it.
    """
    contrast = [item.blood - item.remote.used_mean for item in slices]
    # a clot or flow can darken the blood of a slice: half of the usual contrast is the least that is believed
    least = 0.5 * float(np.median(contrast))
    shares = tuple(_island_pct(item, max(own, least)) for item, own in zip(slices, contrast, strict=True))
    pairs = [shares[0]] if len(shares) == 1 else [one + other for one, other in pairwise(shares)]
    largest = max(pairs)
    return ScarGate(present=largest >= GATE_PCT, island_pct=largest, limit_pct=GATE_PCT, slices_pct=shares)


def _island_pct(item: EnhancedSlice, contrast: float) -> float:
    from scipy import ndimage

    if contrast <= 0.0:
        return 0.0
    core = ndimage.binary_erosion(item.wall, structure=np.ones((3, 3), dtype=bool))
    bright = core & (item.image > item.remote.used_mean + BLOOD_SHARE * contrast)
    _, sizes = scar_parts(bright)
    return 100.0 * float(sizes.max(initial=0)) / float(item.wall.sum())
