"""Endocardial contours drawn in apical echo views at end-diastole and end-systole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

#: ``4CH`` and ``2CH`` show the left ventricle, ``RV`` the right ventricle in an apical view focused on it.
ContourView = Literal["4CH", "2CH", "RV"]
ContourPhase = Literal["ED", "ES"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoContour:
    """One endocardial contour, open at the annulus.

    Attributes
    ----------
    points_mm
        Shape (N, 2), in order from one side of the annulus over the apex to the other side [mm].
    """

    view: ContourView
    phase: ContourPhase
    points_mm: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoContours:
    """The contours of one examination.

    Attributes
    ----------
    file, sha256
        Where they came from.
    software
        What drew them, as far as the file says; volumes from different software must not be compared.
    contours
        At most one of each view and phase.
    """

    file: str
    sha256: str
    software: str = "unknown"
    contours: tuple[EchoContour, ...] = ()

    def of(self, view: ContourView, phase: ContourPhase) -> EchoContour | None:
        """Return the contour of a view and phase, or None."""
        return next((one for one in self.contours if (one.view, one.phase) == (view, phase)), None)
