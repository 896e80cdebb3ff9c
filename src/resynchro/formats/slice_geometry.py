"""Where slices lie: right angles and plausible spacing checked once, and slices put in order along their normal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from resynchro.errors import InputError
from resynchro.record.finding import Finding
from resynchro.record.slices import FloatArray, SliceGeometry

#: Scanners write directions and positions with 4 to 7 digits; closer than this is the same [mm, and per unit vector].
ROUNDING = 1e-3
#: Spacing of pixels of any heart image [mm]; beyond it the unit is wrong.
_SPACING_MM = (0.05, 20.0)


def checked_geometry(
    origin_mm: FloatArray,
    column_direction: FloatArray,
    row_direction: FloatArray,
    spacing_mm: tuple[float, float],
) -> SliceGeometry:
    """Return the geometry of a slice with unit vectors at right angles.

    Parameters
    ----------
    origin_mm, column_direction, row_direction
        Shape (3,), LPS.
    spacing_mm
        Between rows and between columns [mm].

    Raises
    ------
    InputError
        When the directions are no unit vectors or not at right angles (within 0.5 degrees), or the spacing is none.
    """
    lengths = float(np.linalg.norm(column_direction)), float(np.linalg.norm(row_direction))
    if not all(0.9 < length < 1.1 for length in lengths):
        raise InputError(
            f"the directions of the image have lengths {lengths[0]:.3g} and {lengths[1]:.3g}, unit vectors are "
            "needed: the orientation is damaged, export the images again"
        )
    if not all(_SPACING_MM[0] <= spacing <= _SPACING_MM[1] for spacing in spacing_mm):
        raise InputError(
            f"pixels of {spacing_mm[0]:.3g} x {spacing_mm[1]:.3g} mm, allowed are {_SPACING_MM[0]} to "
            f"{_SPACING_MM[1]:.0f} mm: check the unit of the spacing"
        )
    if not bool(np.all(np.abs(origin_mm) < 1e5)):
        raise InputError("the image lies more than 100 m from the scanner's centre: its position is damaged")
    column, row = column_direction / lengths[0], row_direction / lengths[1]
    if abs(float(column @ row)) > 0.01:
        raise InputError("rows and columns of the image are not at right angles; export it again without shearing")
    row = row - column * (column @ row)
    row = row / np.linalg.norm(row)
    origin = np.array(origin_mm, dtype=float)
    for vector in (origin, column, row):
        vector.setflags(write=False)
    return SliceGeometry(
        origin_mm=origin,
        column_direction=column,
        row_direction=row,
        row_spacing_mm=float(spacing_mm[0]),
        column_spacing_mm=float(spacing_mm[1]),
    )


def positions_mm(geometries: Sequence[SliceGeometry]) -> FloatArray:
    """Return the positions of parallel slices along the normal of the first, shape (slices,) [mm]."""
    return np.array([geometry.origin_mm @ geometries[0].normal for geometry in geometries])


def spacing_findings(geometries: Sequence[SliceGeometry]) -> tuple[Finding, ...]:
    """Return a finding when slices in order along their normal are not equally spaced (a slice may be missing).

    Notes
    -----
    Positions may differ by a tenth of the usual distance; breath-holding moves the heart further than that.
    """
    if len(geometries) < 3:
        return ()
    steps = np.diff(positions_mm(geometries))
    usual = float(np.median(steps))
    uneven = [index for index, step in enumerate(steps) if abs(step - usual) > 0.1 * usual]
    if not uneven:
        return ()
    widest = int(np.argmax(np.abs(steps - usual)))
    return (
        Finding(
            code="slice-gap",
            message=(
                f"slices {widest + 1} and {widest + 2} are {steps[widest]:.1f} mm apart, the others {usual:.1f} mm: a "
                "slice may be missing; volumes bridge the gap"
            ),
        ),
    )
