"""The long axis of the left ventricle in short-axis perfusion slices: centre, valve plane and apex."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from resynchro.errors import MeasurementError
from resynchro.record.finding import Finding
from resynchro.record.gated_spect import ApexEnd, GatedSpect
from resynchro.record.slices import FloatArray

#: Radii of the mid-wall that are looked for [mm]: small hearts to dilated ones.
RADII_MM = np.arange(14.0, 51.0, 3.0)
#: Length of the wall along the axis that is believed [mm].
LENGTH_RANGE_MM = (35.0, 150.0)
#: Smoothing of the summed image before anything is looked for, standard deviation [mm]. Ours.
_SMOOTH_MM = 4.0
#: The heart lies in the middle of reoriented slices: how far from there its axis is looked for, share of the field.
_SEARCHED_SHARE = 0.30
#: and how far it usually lies off, standard deviation [mm]: rings made of the wall and the liver lie farther. Ours.
_OFF_MIDDLE_MM = 30.0
#: Where counts fall to this share of the wall's, the wall ends: half maximum, the edge of a blurred object.
_EDGE = 0.5
#: A tip of the apex weaker than this share of the wall is a defect, or lies outside of the slices. Ours.
_LEAST_TIP = 0.35
#: Then the ring is followed down to this share of the wall's counts, and a tip counts that stands out by this factor
#: from the cavity and from what lies beyond. Ours.
_FAINT_EDGE, _PROMINENT = 0.25, 1.15
_ANGLES = np.arange(0.0, 2.0 * np.pi, np.pi / 18.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LvAxis:
    """Long axis of the left ventricle in index coordinates of the slices.

    Attributes
    ----------
    row, column
        Where the axis meets each slice, fractional, shape (slices,).
    radius_mm
        Distance of the middle of the wall from the axis in each slice, shape (slices,) [mm]; beyond both ends it
        repeats.
    base_slice
        Valve plane: where the ring of the wall falls to half its counts (fractional slice).
    apex_slice
        Middle of the wall at the tip of the apex (fractional slice).
    findings
        What was doubtful.
    """

    row: FloatArray
    column: FloatArray
    radius_mm: FloatArray
    base_slice: float
    apex_slice: float
    findings: tuple[Finding, ...] = ()

    def centre_at(self, slice_index: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return (row, column) of the axis at fractional slices; beyond the stack the line goes on."""
        index = np.arange(len(self.row), dtype=float)
        return (
            np.asarray(np.polyval(np.polyfit(index, self.row, 1), slice_index)),
            np.asarray(np.polyval(np.polyfit(index, self.column, 1), slice_index)),
        )


def find_lv_axis(
    spect: GatedSpect,
    *,
    centre: tuple[float, float] | None = None,
    base_slice: float | None = None,
    apex_slice: float | None = None,
    apex_end: ApexEnd | None = None,
) -> LvAxis:
    """Find the long axis of the left ventricle in the image summed over the gates.

    Parameters
    ----------
    spect
        Short-axis slices.
    centre
        (row, column) near the axis, counted from 0; None looks for the best ring in the middle of the slices.
    base_slice, apex_slice
        Valve plane and tip of the apex (middle of its wall) as slice numbers counted from 0; None finds them.
    apex_end
        Which end of the slices is the apex; None takes the file's word, else the end that is closed.

    Returns
    -------
    LvAxis

    Raises
    ------
    MeasurementError
        When no ring is found, or the length that comes out is not that of a left ventricle; give the limits then.

    Notes
    -----
    A ring is scored by the median over its angles, so that a defect or a hot neighbour over less than half of it does
    not count. The axis is a straight line through the centres of circles fitted to the brightest points on rays in
    every slice, weighted by the strength of the ring.
    """
    image = _summed(spect)
    start_slice, row, column, radius_mm = _best_ring(image, spect, centre)
    n_slices = image.shape[0]
    rows, columns = np.full(n_slices, row), np.full(n_slices, column)
    radius = np.full(n_slices, radius_mm)
    strength = np.zeros(n_slices)
    for _ in range(4):
        strength, rows_found, columns_found, radius = _rings(image, spect, rows, columns, radius_mm)
        weight = np.where(strength > 0.5 * strength.max(), strength, 0.0)
        weight *= np.abs(np.arange(n_slices) - start_slice) * spect.slice_spacing_mm < 60.0
        rows, columns = _line(rows_found, weight), _line(columns_found, weight)
        radius_mm = float(np.average(radius, weights=weight))
    tip = _on_axis(image, spect, rows, columns)
    last_is_apex, findings = _apex_is_last(strength, tip, start_slice, apex_end or spect.apex_end)
    order = np.arange(n_slices) if last_is_apex else np.arange(n_slices)[::-1]
    base, apex, more = _ends(
        strength[order], tip[order], int(np.flatnonzero(order == start_slice)[0]), spect.slice_spacing_mm
    )
    found_base, found_apex = (base, apex) if last_is_apex else (n_slices - 1 - base, n_slices - 1 - apex)
    base_at = found_base if base_slice is None else base_slice
    apex_at = found_apex if apex_slice is None else apex_slice
    _check(abs(apex_at - base_at) * spect.slice_spacing_mm, radius_mm)
    return LvAxis(
        row=_frozen(rows),
        column=_frozen(columns),
        radius_mm=_frozen(_steady_radius(radius, strength, radius_mm)),
        base_slice=float(base_at),
        apex_slice=float(apex_at),
        findings=findings + (more if apex_slice is None else ()),
    )


def _summed(spect: GatedSpect) -> FloatArray:
    spacing = (spect.slice_spacing_mm, spect.row_spacing_mm, spect.column_spacing_mm)
    summed = spect.counts.mean(axis=0, dtype=np.float64)
    return np.asarray(ndimage.gaussian_filter(summed, [_SMOOTH_MM / step for step in spacing], mode="nearest"))


def _best_ring(
    image: FloatArray, spect: GatedSpect, centre: tuple[float, float] | None
) -> tuple[int, float, float, float]:
    """Return slice, row, column and radius [mm] of the strongest ring with an emptier middle."""
    n_slices, rows, columns = image.shape
    if centre is None:
        reach_r, reach_c = _SEARCHED_SHARE * rows, _SEARCHED_SHARE * columns
        step_r, step_c = 4.0 / spect.row_spacing_mm, 4.0 / spect.column_spacing_mm
        at_r = np.arange((rows - 1) / 2 - reach_r, (rows - 1) / 2 + reach_r + 1e-9, step_r)
        at_c = np.arange((columns - 1) / 2 - reach_c, (columns - 1) / 2 + reach_c + 1e-9, step_c)
        grid_r, grid_c = (axis.ravel() for axis in np.meshgrid(at_r, at_c, indexing="ij"))
    else:
        grid_r, grid_c = np.array([centre[0]], dtype=float), np.array([centre[1]], dtype=float)
        if not (0 <= centre[0] <= rows - 1 and 0 <= centre[1] <= columns - 1):
            raise MeasurementError(f"the centre {centre} lies outside of the slices of {rows} x {columns} pixels")
    off_mm = np.hypot(
        (grid_r - (rows - 1) / 2) * spect.row_spacing_mm, (grid_c - (columns - 1) / 2) * spect.column_spacing_mm
    )
    likely = np.exp(-0.5 * (off_mm / _OFF_MIDDLE_MM) ** 2) if centre is None else np.ones(1)
    angles = _ANGLES[::2]
    best = (-np.inf, 0, 0.0, 0.0, 0.0)
    # Every second slice is enough to find the ring: each ring is some 15 mm thick along the axis after smoothing.
    for index in range(0, n_slices, max(1, round(8.0 / spect.slice_spacing_mm))):
        for radius in RADII_MM:
            ring = _at(
                image[index],
                grid_r[:, None] - radius / spect.row_spacing_mm * np.sin(angles),
                grid_c[:, None] + radius / spect.column_spacing_mm * np.cos(angles),
            )
            inner = _at(
                image[index],
                grid_r[:, None] - 0.3 * radius / spect.row_spacing_mm * np.sin(angles[::3]),
                grid_c[:, None] + 0.3 * radius / spect.column_spacing_mm * np.cos(angles[::3]),
            )
            score = likely * (np.median(ring, axis=1) - inner.mean(axis=1))
            top = int(score.argmax())
            if score[top] > best[0]:
                best = (float(score[top]), index, float(grid_r[top]), float(grid_c[top]), float(radius))
    if not best[0] > 0.05 * float(image.max()):
        raise MeasurementError(
            "no ring of the left ventricle was found in the middle of the slices; are these gated short-axis slices? "
            "Give its centre (--centre ROW,COLUMN) if the heart lies far from the middle"
        )
    return best[1], best[2], best[3], best[4]


def _rings(
    image: FloatArray, spect: GatedSpect, rows: FloatArray, columns: FloatArray, radius_mm: float
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return, per slice, strength of the ring, its centre (row, column) and its radius [mm]."""
    radii = np.arange(0.45 * radius_mm, 1.6 * radius_mm, 1.0)
    window = np.exp(-0.5 * ((radii - radius_mm) / (0.4 * radius_mm)) ** 2)
    strength, found_r, found_c, found_radius = (np.zeros(len(image)) for _ in range(4))
    for index, plane in enumerate(image):
        at_r = rows[index] - np.outer(np.sin(_ANGLES), radii) / spect.row_spacing_mm
        at_c = columns[index] + np.outer(np.cos(_ANGLES), radii) / spect.column_spacing_mm
        values = _at(plane, at_r, at_c)
        place = (values * window).argmax(axis=1)
        wall = values[np.arange(len(_ANGLES)), place]
        x, y = radii[place] * np.cos(_ANGLES), radii[place] * np.sin(_ANGLES)
        # Bright neighbours must not pull the circle more than the wall itself does.
        x0, y0, radius = _circle(x, y, np.minimum(wall, np.median(wall)))
        x0, y0 = float(np.clip(x0, -15.0, 15.0)), float(np.clip(y0, -15.0, 15.0))
        strength[index] = np.percentile(wall, 65.0)
        found_r[index] = rows[index] - y0 / spect.row_spacing_mm
        found_c[index] = columns[index] + x0 / spect.column_spacing_mm
        found_radius[index] = np.clip(radius, 0.4 * radius_mm, 1.5 * radius_mm)
    return strength, found_r, found_c, found_radius


def _circle(x: FloatArray, y: FloatArray, weight: FloatArray) -> tuple[float, float, float]:
    """Return centre and radius of the least-squares circle; points far off it are left out once."""
    keep = np.ones(len(x), dtype=bool)
    solved, radius = np.zeros(3), 1.0
    for _ in range(2):
        design = np.stack([2 * x, 2 * y, np.ones_like(x)], axis=1)[keep]
        root = np.sqrt(np.maximum(weight[keep], 1e-12))
        solved[:] = np.linalg.lstsq(design * root[:, None], (x**2 + y**2)[keep] * root, rcond=None)[0]
        radius = math.sqrt(max(float(solved[2] + solved[0] ** 2 + solved[1] ** 2), 1.0))
        off = np.abs(np.hypot(x - solved[0], y - solved[1]) - radius)
        keep = off <= max(3.0, 2.5 * float(np.median(off)))
        if keep.sum() < 8:
            break
    return float(solved[0]), float(solved[1]), radius


def _line(values: FloatArray, weight: FloatArray) -> FloatArray:
    """Return the weighted straight line through values over their index; a constant where slices are few."""
    index = np.arange(len(values), dtype=float)
    if np.count_nonzero(weight) < 4:
        return np.full(len(values), np.average(values, weights=weight))
    return np.asarray(np.polyval(np.polyfit(index, values, 1, w=np.sqrt(weight)), index))


def _on_axis(image: FloatArray, spect: GatedSpect, rows: FloatArray, columns: FloatArray) -> FloatArray:
    """Return the mean counts within 4 mm of the axis in every slice."""
    angles = np.arange(0.0, 2.0 * np.pi, np.pi / 4.0)
    at_r = rows[:, None] - np.append(0.0, 4.0 * np.sin(angles)) / spect.row_spacing_mm
    at_c = columns[:, None] + np.append(0.0, 4.0 * np.cos(angles)) / spect.column_spacing_mm
    return np.array([_at(plane, r, c).mean() for plane, r, c in zip(image, at_r, at_c, strict=True)])


def _apex_is_last(
    strength: FloatArray, tip: FloatArray, start: int, stated: ApexEnd | None
) -> tuple[bool, tuple[Finding, ...]]:
    """Tell whether the last slice is the apex: the closed end, unless the file or the user says otherwise."""
    visible = strength > 0.3 * strength.max()
    closed_first = float((tip * visible)[: start + 1].max(initial=0.0))
    closed_last = float((tip * visible)[start:].max(initial=0.0))
    seen = closed_last >= closed_first
    if stated is None:
        return seen, ()
    if seen != (stated == "last") and max(closed_first, closed_last) > 1.5 * min(closed_first, closed_last):
        message = (
            f"the apex is said to be the {stated} slice, but the wall closes at the other end; check it in the pictures"
        )
        return stated == "last", (Finding(code="apex-end-contradicts", message=message),)
    return stated == "last", ()


def _ends(
    strength: FloatArray, tip: FloatArray, start: int, spacing_mm: float
) -> tuple[float, float, tuple[Finding, ...]]:
    """Return valve plane and tip of the apex as fractional slices, for slices in order from base to apex."""
    level = float(np.percentile(strength[strength > 0.3 * strength.max()], 80))
    ring_from, ring_to = (_crossing(strength, start, step, _EDGE * level) for step in (-1, 1))
    peak = _brightest(tip, ring_to, start, spacing_mm)
    findings: tuple[Finding, ...] = ()
    if tip[peak] < _LEAST_TIP * level:
        message = (
            "the tip of the apex has few counts (a defect, or slices that end before it); where it lies is uncertain, "
            "give it (--apex-slice) if the picture shows it elsewhere"
        )
        findings = (Finding(code="apex-without-counts", message=message),)
        faint_to = _crossing(strength, start, 1, _FAINT_EDGE * level)
        peak = _brightest(tip, faint_to, start, spacing_mm)
        around = max(float(tip[start : peak + 1].min()), float(tip[peak:].min()))
        if tip[peak] < _PROMINENT * around:
            return ring_from, faint_to, findings
    apex = float(peak)
    if 0 < peak < len(tip) - 1:
        before, at, after = tip[peak - 1 : peak + 2]
        bend = before - 2.0 * at + after
        apex += 0.5 * float(before - after) / float(bend) if bend < 0 else 0.0
    return ring_from, apex, findings


def _brightest(tip: FloatArray, ring_end: float, start: int, spacing_mm: float) -> int:
    """Return the slice with the most counts on the axis around the end of the ring."""
    beyond = min(len(tip) - 1, math.ceil(ring_end + 20.0 / spacing_mm))
    nearest = min(beyond, max(start, math.floor(ring_end - 25.0 / spacing_mm)))
    return nearest + int(tip[nearest : beyond + 1].argmax())


def _crossing(strength: FloatArray, start: int, step: int, level: float) -> float:
    """Return where the strength, followed from a slice in one direction, falls to a level."""
    index = start
    while 0 <= index + step < len(strength):
        if strength[index + step] < level <= strength[index]:
            share = (strength[index] - level) / (strength[index] - strength[index + step])
            return index + step * float(share)
        index += step
    return float(index)


def _steady_radius(radius: FloatArray, strength: FloatArray, radius_mm: float) -> FloatArray:
    """Return the radius per slice, smoothed, and the typical one where there is no ring."""
    firm = np.where(strength > _EDGE * strength.max(), radius, radius_mm)
    return np.asarray(ndimage.gaussian_filter1d(firm, 1.5, mode="nearest"))


def _check(length_mm: float, radius_mm: float) -> None:
    low, high = LENGTH_RANGE_MM
    if not low <= length_mm <= high:
        raise MeasurementError(
            f"the left ventricle found is {length_mm:.0f} mm long (radius {radius_mm:.0f} mm), allowed are {low:.0f} "
            f"to {high:.0f}: give the valve plane and the apex (--base-slice, --apex-slice) or the centre (--centre)"
        )


def _at(plane: FloatArray, row: FloatArray, column: FloatArray) -> FloatArray:
    return np.asarray(ndimage.map_coordinates(plane, [row, column], order=1, mode="constant", cval=0.0))


def _frozen(values: FloatArray) -> FloatArray:
    values = np.ascontiguousarray(values, dtype=float)
    values.setflags(write=False)
    return values
