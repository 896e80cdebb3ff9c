"""Left-ventricular volume from endocardial contours in apical echo views, by the method of discs (Simpson)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import MeasurementError
from resynchro.record.finding import Finding

FloatArray = NDArray[np.float64]

DISCS = 20
#: Apical views whose long axes differ by more than this show different, or foreshortened, ventricles.
LENGTH_TOLERANCE_PCT = 10.0
#: From a child's to the largest dilated ventricle; outside it the unit is wrong [mm].
LENGTH_RANGE_MM = (20.0, 200.0)
#: An opening narrower than this share of the length is no mitral annulus (our choice; a third to a half is usual).
LEAST_ANNULUS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscView:
    """One contour cut into discs.

    Attributes
    ----------
    length_mm
        From the middle of the annulus to the apex [mm].
    diameters_mm
        Shape (discs,), from the annulus to the apex, at the middle of each disc [mm].
    ends_mm
        Shape (discs, 2, 2): where the middle line of each disc meets the contour, outermost points [mm].
    axis_mm
        Shape (2, 2): middle of the annulus and apex [mm].
    """

    length_mm: float
    diameters_mm: FloatArray
    ends_mm: FloatArray
    axis_mm: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscVolume:
    """Volume of the left ventricle at one moment.

    Attributes
    ----------
    volume_ml
        [ml].
    method
        ``Simpson biplane`` or ``Simpson monoplane 4CH`` (or 2CH).
    length_mm
        Length that was used: the longer one of two views [mm].
    length_difference_pct
        Difference of the lengths over the longer one; None for one view [%].
    findings
        A warning when the lengths differ by more than 10 %.
    """

    volume_ml: float
    method: str
    length_mm: float
    length_difference_pct: float | None = None
    findings: tuple[Finding, ...] = ()


def simpson_biplane(four_chamber_mm: FloatArray, two_chamber_mm: FloatArray, *, discs: int = DISCS) -> DiscVolume:
    """Compute the volume from two apical contours: a stack of elliptical discs.

    Parameters
    ----------
    four_chamber_mm, two_chamber_mm
        Endocardial contours of the same phase, shape (N, 2), open at the annulus: from one side of it over the apex
        to the other [mm]. Each may lie in its own coordinates.
    discs
        Number of discs.

    Returns
    -------
    DiscVolume
        ``pi/4 sum a_k b_k L/discs`` with the longer of the two lengths.

    Raises
    ------
    MeasurementError
        When a contour is no open outline of a ventricle in millimetres.

    Notes
    -----
    Assumes elliptical cross sections, perpendicular views and no foreshortening; papillary muscles belong to the
    cavity when the contour passes behind them. Lang RM, et al. J Am Soc Echocardiogr 2015;28:1-39,
    doi:10.1016/j.echo.2014.10.003 (method of discs).
    """
    four, two = cut_into_discs(four_chamber_mm, discs=discs), cut_into_discs(two_chamber_mm, discs=discs)
    length_mm = max(four.length_mm, two.length_mm)
    difference_pct = 100.0 * abs(four.length_mm - two.length_mm) / length_mm
    volume_mm3 = np.pi / 4.0 * float(four.diameters_mm @ two.diameters_mm) * length_mm / discs
    findings: tuple[Finding, ...] = ()
    if difference_pct > LENGTH_TOLERANCE_PCT:
        findings = (
            Finding(
                code="lengths-differ",
                message=f"the long axes differ by {difference_pct:.0f} % (4CH {four.length_mm:.0f}, 2CH "
                f"{two.length_mm:.0f} mm): one view is probably foreshortened and the volume too small",
            ),
        )
    return DiscVolume(
        volume_ml=volume_mm3 / 1000.0,
        method="Simpson biplane",
        length_mm=length_mm,
        length_difference_pct=difference_pct,
        findings=findings,
    )


def simpson_monoplane(contour_mm: FloatArray, *, view: str = "4CH", discs: int = DISCS) -> DiscVolume:
    """Compute the volume from one apical contour: a stack of circular discs.

    Parameters
    ----------
    contour_mm
        As in `simpson_biplane` [mm].
    view
        Name of the view, for the name of the method.
    discs
        Number of discs.

    Returns
    -------
    DiscVolume
        ``pi/4 sum a_k^2 L/discs``. Never to be compared with a biplane volume.
    """
    one = cut_into_discs(contour_mm, discs=discs)
    volume_mm3 = np.pi / 4.0 * float(one.diameters_mm @ one.diameters_mm) * one.length_mm / discs
    return DiscVolume(volume_ml=volume_mm3 / 1000.0, method=f"Simpson monoplane {view}", length_mm=one.length_mm)


def cut_into_discs(contour_mm: FloatArray, *, discs: int = DISCS) -> DiscView:
    """Find the long axis of a contour and its diameters at the middle of equally high discs.

    Parameters
    ----------
    contour_mm
        Shape (N, 2), open at the annulus [mm].
    discs
        Number of discs, at least 1.

    Returns
    -------
    DiscView
        The apex is the point of the contour farthest from the middle of the annulus. A diameter counts only what
        lies inside the contour.

    Raises
    ------
    MeasurementError
        For fewer than 5 points, values that are not finite, a contour that is closed, crosses itself or begins
        elsewhere than at the annulus, or a length outside 20 to 200 mm.
    """
    contour = np.asarray(contour_mm, dtype=np.float64)
    if contour.ndim != 2 or contour.shape[1] != 2 or len(contour) < 5 or not np.all(np.isfinite(contour)) or discs < 1:
        raise MeasurementError("a contour needs at least 5 points (x, y) in mm, and at least 1 disc")
    middle = (contour[0] + contour[-1]) / 2.0
    distance = np.hypot(*(contour - middle).T)
    apex = contour[int(distance.argmax())]
    length = float(distance.max())
    low, high = LENGTH_RANGE_MM
    if not low <= length <= high:
        raise MeasurementError(
            f"the long axis must measure {low:g} to {high:g} mm, got {length:.3g}: is the contour in millimetres?"
        )
    if float(np.hypot(*(contour[-1] - contour[0]))) < LEAST_ANNULUS * length or _crosses_itself(contour):
        raise MeasurementError(
            "the contour is closed, crosses itself or does not begin at the annulus: give the points in order from "
            "one side of the annulus over the apex to the other"
        )
    along = (apex - middle) / length
    across = np.array([-along[1], along[0]])
    local = np.column_stack([(contour - middle) @ along, (contour - middle) @ across])
    heights = (np.arange(discs) + 0.5) * length / discs
    diameters, ends = np.zeros(discs), np.zeros((discs, 2, 2))
    for number, height in enumerate(heights):
        crossings = _crossings(local, float(height))
        diameters[number] = sum(right - left for left, right in zip(crossings[::2], crossings[1::2], strict=True))
        outer = (crossings[0], crossings[-1]) if crossings else (0.0, 0.0)
        ends[number] = [middle + height * along + side * across for side in outer]
    for array in (diameters, ends):
        array.setflags(write=False)
    return DiscView(length_mm=length, diameters_mm=diameters, ends_mm=ends, axis_mm=np.array([middle, apex]))


def ejection_fraction_pct(edv_ml: float, esv_ml: float) -> float:
    """Return the ejection fraction [%].

    Raises
    ------
    MeasurementError
        When the end-diastolic volume is not the larger one, or a volume is not positive.

    Examples
    --------
    >>> ejection_fraction_pct(200.0, 140.0)
    30.0
    """
    if not 0.0 < esv_ml < edv_ml:
        raise MeasurementError(
            f"volumes must be 0 < ESV < EDV, got EDV {edv_ml:.4g} and ESV {esv_ml:.4g} ml: are ED and ES exchanged?"
        )
    return 100.0 * (edv_ml - esv_ml) / edv_ml


def area_cm2(contour_mm: FloatArray) -> float:
    """Return the area inside a contour closed by a straight annulus [cm^2]."""
    x, y = np.asarray(contour_mm, dtype=np.float64).T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2.0 / 100.0)


def _crosses_itself(contour: FloatArray) -> bool:
    """Tell whether any two sides of the closed outline that are not neighbours cut each other."""
    start, end = contour, np.roll(contour, -1, axis=0)

    def side(point: FloatArray) -> FloatArray:
        """Return on which side of every edge (rows) every point (columns) lies."""
        edge, to = (end - start)[:, None, :], point[None, :, :] - start[:, None, :]
        return np.asarray(np.sign(edge[..., 0] * to[..., 1] - edge[..., 1] * to[..., 0]))

    apart = side(start) * side(end) < 0.0
    return bool(np.any(apart & apart.T))


def _crossings(local: FloatArray, height: float) -> list[float]:
    """Return where the closed contour crosses a line across the axis, sorted: always an even number of places."""
    found = []
    for (start, left), (end, right) in pairwise([*local.tolist(), local[0].tolist()]):
        if (start <= height) != (end <= height):
            found.append(left + (height - start) / (end - start) * (right - left))
    return sorted(found)
