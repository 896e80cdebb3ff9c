"""Images in slices: pixels with their place in the patient, over time, with labels and contours.

One frame of reference for all: LPS millimetres (x to the patient's left, y to the back, z to the head). Conventions
are converted once, at the door; nothing past the readers knows RAS, row-major affines or pixel-edge origins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from resynchro.record.finding import Finding

FloatArray = NDArray[np.float64]
ImageArray = NDArray[np.float32]
LabelArray = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceGeometry:
    """Where the pixels of one slice lie.

    Attributes
    ----------
    origin_mm
        Centre of pixel [0, 0], shape (3,), LPS [mm].
    column_direction
        Unit vector in which the column index grows, shape (3,) (DICOM: first triple of ImageOrientationPatient).
    row_direction
        Unit vector in which the row index grows, shape (3,) (DICOM: second triple).
    row_spacing_mm
        Distance between neighbouring rows [mm] (DICOM: PixelSpacing[0]).
    column_spacing_mm
        Distance between neighbouring columns [mm] (DICOM: PixelSpacing[1]).
    """

    origin_mm: FloatArray
    column_direction: FloatArray
    row_direction: FloatArray
    row_spacing_mm: float
    column_spacing_mm: float

    @property
    def normal(self) -> FloatArray:
        """Unit vector column_direction x row_direction, shape (3,)."""
        return np.cross(self.column_direction, self.row_direction)

    @property
    def pixel_area_mm2(self) -> float:
        """Area of one pixel [mm²]."""
        return self.row_spacing_mm * self.column_spacing_mm

    def to_patient(self, row: FloatArray, column: FloatArray) -> FloatArray:
        """Return LPS points, shape (..., 3) [mm], of pixel positions given as (fractional) row and column."""
        row, column = np.asarray(row, dtype=float), np.asarray(column, dtype=float)
        return (
            self.origin_mm
            + row[..., None] * self.row_spacing_mm * self.row_direction
            + column[..., None] * self.column_spacing_mm * self.column_direction
        )

    def to_pixel(self, points_mm: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return (row, column) of LPS points, shape (..., 3) [mm], projected along the normal."""
        offset = np.asarray(points_mm, dtype=float) - self.origin_mm
        return offset @ self.row_direction / self.row_spacing_mm, (
            offset @ self.column_direction / self.column_spacing_mm
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CineSlice:
    """One slice over one beat.

    Attributes
    ----------
    geometry
        Where it lies.
    frames
        Shape (T, rows, columns), 32-bit.
    time_s
        Shape (T,), from the R wave or trigger [s].
    rr_s
        Length of this slice's own beat [s]; None for a still image (T = 1, time 0).
    covers_cycle
        False when the frames stop before 95 % of RR (prospective gating): not periodic.
    name
        Series description or file, for people.
    """

    geometry: SliceGeometry
    frames: ImageArray
    time_s: FloatArray
    rr_s: float | None
    covers_cycle: bool
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CineStack:
    """Parallel slices in order of position along their common normal; ``frames`` may differ in RR, not in count.

    Attributes
    ----------
    plane
        ``SAX`` for a stack of parallel slices, ``LAX`` for a single long-axis slice, ``unknown``.
    """

    slices: tuple[CineSlice, ...]
    plane: str
    file: str
    format: str
    sha256: str
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelConvention:
    """Which number means what in a label image; a label that the images lack is None.

    Attributes
    ----------
    cavity, myocardium
        Left-ventricular blood and wall.
    scar, no_reflow
        Enhanced wall, and the dark core within it (microvascular obstruction); both count as wall.
    rv
        Right-ventricular blood.
    rv_wall
        Right-ventricular wall.
    """

    name: str
    cavity: int
    myocardium: int
    scar: int | None = None
    no_reflow: int | None = None
    rv: int | None = None
    rv_wall: int | None = None


#: Named conventions. ACDC: Bernard O, et al. IEEE TMI 2018, doi:10.1109/TMI.2018.2837502. EMIDEC: Lalande A, et al.
#: Data 2020, doi:10.3390/data5040089.
LABEL_CONVENTIONS: Mapping[str, LabelConvention] = {
    "acdc": LabelConvention(name="acdc", cavity=3, myocardium=2, rv=1),
    "emidec": LabelConvention(name="emidec", cavity=1, myocardium=2, scar=3, no_reflow=4),
    "biv-me": LabelConvention(name="biv-me", cavity=1, myocardium=2, rv=3, rv_wall=4),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSlice:
    """Labels of one slice, over time where they are.

    Attributes
    ----------
    labels
        Shape (T, rows, columns), T = 1 for one phase.
    """

    geometry: SliceGeometry
    labels: LabelArray


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelStack:
    """Label slices in order of position along their common normal, with the meaning of the numbers."""

    slices: tuple[LabelSlice, ...]
    convention: LabelConvention
    file: str
    sha256: str
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LvContours:
    """Contours of one short-axis slice, in pixel coordinates (row, column) of its geometry.

    Attributes
    ----------
    endo, epi
        One closed polygon per frame, shape (n, 2) as (row, column), first point not repeated; None where the frame has
        none. Papillary muscles belong to the cavity unless `papillary_in_mass`.
    anterior_insertion, inferior_insertion
        Where the right ventricle meets the septum in the end-diastolic frame, shape (2,) as (row, column), or None.
    rv
        Right-ventricular cavity, one polygon per frame or None.
    """

    geometry: SliceGeometry
    endo: tuple[FloatArray | None, ...]
    epi: tuple[FloatArray | None, ...]
    anterior_insertion: FloatArray | None = None
    inferior_insertion: FloatArray | None = None
    rv: tuple[FloatArray | None, ...] = ()
    papillary_in_mass: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ContourStack:
    """Contours of all slices of an examination.

    Attributes
    ----------
    slices
        In order of position along the normal.
    base_points_mm
        Mitral valve points per frame, shape (points, 3), LPS [mm]; empty where there are none.
    apex_mm
        Endocardial apex per frame, shape (3,), LPS [mm], or None.
    landmarks
        Other named points of the end-diastolic frame, LPS [mm].
    points_mm
        Points on long-axis images by name, one array (points, 3) per frame, LPS [mm]: ``long_axis_endo``,
        ``long_axis_epi``, ``long_axis_rv``, ``aortic_valve``, ``tricuspid_valve``, ``pulmonary_valve``; and on images
        of both kinds ``rv_epicardium``; absent where there are none.
    frame_numbers
        Which frames of the cine the frames here are, where the file says it; empty when unknown.
    """

    slices: tuple[LvContours, ...]
    file: str
    sha256: str
    base_points_mm: tuple[FloatArray, ...] = ()
    apex_mm: tuple[FloatArray | None, ...] = ()
    landmarks: Mapping[str, FloatArray] = field(default_factory=dict)
    points_mm: Mapping[str, tuple[FloatArray, ...]] = field(default_factory=dict)
    frame_numbers: tuple[int, ...] = ()
    findings: tuple[Finding, ...] = ()
