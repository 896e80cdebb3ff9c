"""Gated perfusion images: counts over the beat in short-axis slices, or already sampled over the wall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from resynchro.record.finding import Finding
from resynchro.record.slices import FloatArray, ImageArray, SliceGeometry

#: What lies at the top and at the left of a short-axis image as stored: first letter the top, second the left
#: (A anterior, I inferior, S septal, L lateral). ``AS`` is how reconstruction programs store short-axis slices.
#: ``patient`` takes the directions from the geometry that the file states.
SliceOrientation = Literal["AS", "IS", "AL", "IL", "SA", "SI", "LA", "LI", "patient"]
SLICE_ORIENTATIONS: tuple[SliceOrientation, ...] = get_args(SliceOrientation)

ApexEnd = Literal["first", "last"]

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class GatedSpect:
    """Reconstructed short-axis slices of the left ventricle at each gate.

    Attributes
    ----------
    counts
        Shape (gates, slices, rows, columns), 32-bit, not negative [counts, or what the file calls so].
    slice_spacing_mm, row_spacing_mm, column_spacing_mm
        Distance between neighbouring slices, rows and columns [mm].
    rr_s
        Length of the beat that the gates divide [s]; None where the file does not say.
    coverage
        Share of the beat that the gates cover, 1 for all of it; None where the file does not say.
    geometry
        Where the first slice lies in the patient (LPS); None where the file does not say.
    slice_step_mm
        Step from one slice to the next, shape (3,), LPS [mm]; None where `geometry` is.
    apex_end
        Which end of the slices is the apex, where the file says.
    """

    counts: ImageArray
    slice_spacing_mm: float
    row_spacing_mm: float
    column_spacing_mm: float
    file: str
    format: str
    sha256: str
    rr_s: float | None = None
    coverage: float | None = None
    geometry: SliceGeometry | None = None
    slice_step_mm: FloatArray | None = None
    apex_end: ApexEnd | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def gates(self) -> int:
        """Number of gates."""
        return int(self.counts.shape[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class PolarCounts:
    """Counts over the beat at points spread evenly over the wall: the polar map, sample by sample.

    Attributes
    ----------
    counts
        Shape (samples, gates).
    level
        Place along the long axis, 0 at the valve plane to 1 at the tip of the apex, shape (samples,).
    angle_deg
        Display angle, counter-clockwise from the lateral wall, anterior 90, septum 180, shape (samples,) [deg].
    rr_s
        Length of the beat [s], or None.
    coverage
        Share of the beat that the gates cover; None where unknown.
    source
        How the samples came about, for people.
    """

    counts: FloatArray
    level: FloatArray
    angle_deg: FloatArray
    file: str
    format: str
    sha256: str
    source: str
    rr_s: float | None = None
    coverage: float | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def gates(self) -> int:
        """Number of gates."""
        return int(self.counts.shape[1])
