"""Branches of the coronary sinus: as centrelines in the image frame, or as a table of the segments they reach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class LvLandmarks:
    """Three points that fix where the segments lie in space, LPS [mm].

    Attributes
    ----------
    base_mm
        Centre of the mitral valve plane, shape (3,).
    apex_mm
        Apex of the left ventricle, shape (3,).
    anterior_insertion_mm
        Where the right ventricle meets the septum in front, at any level, shape (3,).
    """

    base_mm: FloatArray
    apex_mm: FloatArray
    anterior_insertion_mm: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class VeinBranch:
    """One branch, known in one of three ways.

    Attributes
    ----------
    name
        ``anterior``, ``anterolateral``, ``lateral``, ``posterolateral``, ``posterior``, ``middle-cardiac``, or the
        file's own word.
    points_mm
        Centreline from the coronary sinus outwards, shape (n, 3), LPS [mm].
    diameters_mm
        Shape (n,) [mm]; None when not measured.
    bullseye
        Points drawn on a bullseye, shape (n, 2): distance from the apex (0) to the base (1), and display angle [deg].
    segments
        Segments of the 17-segment model it reaches, from a table.
    """

    name: str
    points_mm: FloatArray | None = None
    diameters_mm: FloatArray | None = None
    bullseye: FloatArray | None = None
    segments: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VeinTree:
    """All branches that were seen.

    Attributes
    ----------
    landmarks
        Of the left ventricle in the same frame, where the file gives them; centrelines cannot be placed without.
    """

    branches: tuple[VeinBranch, ...]
    file: str
    sha256: str
    landmarks: LvLandmarks | None = None
