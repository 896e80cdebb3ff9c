"""Scar in the heart: which elements do not conduct, and which conduct slowly."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from resynchro.errors import MeasurementError
from resynchro.heart.heart import BORDER_ZONE, HEALTHY, RV_FREE_WALL, SCAR_CORE, Heart
from resynchro.heart.mesh import FloatArray
from resynchro.record.finding import Finding
from resynchro.record.scar import ScarMap, SegmentScar
from resynchro.record.segments import converted, segments_of

BoolArray = NDArray[np.bool_]

#: Width of the border zone around the core. Our choice, about two pixels of a late-enhancement image [mm].
BORDER_MM = 3.0
#: Reach of a segment's scar when a part of its neighbour is chosen [mm]: about half the distance between segments.
_REACH_MM = 20.0
#: With more of the LV wall in the core there is no heart left to pace.
MOST_CORE_SHARE = 0.85


@dataclass(frozen=True, slots=True, kw_only=True)
class ScarShare:
    """How much of the LV wall (with septum) is scar.

    Attributes
    ----------
    core_pct, border_pct
        Of the volume [%].
    """

    core_pct: float
    border_pct: float


def scar_share(heart: Heart) -> ScarShare:
    """Return the share of core and border zone in the wall of the left ventricle."""
    left = heart.wall != RV_FREE_WALL
    volume, tissue = heart.mesh.volumes_mm3[left], heart.tissue[left]
    whole = float(volume.sum())
    return ScarShare(
        core_pct=100.0 * float(volume[tissue == SCAR_CORE].sum()) / whole,
        border_pct=100.0 * float(volume[tissue == BORDER_ZONE].sum()) / whole,
    )


def with_scar(heart: Heart, scar: ScarMap, *, border_mm: float = BORDER_MM) -> Heart:
    """Return the heart with the scar of a segment map.

    Parameters
    ----------
    heart
        Any heart with segments and transmural coordinates.
    scar
        Mean transmurality per segment, any segment model.
    border_mm
        Width of the border zone around the core, 0 for none [mm].

    Returns
    -------
    Heart
        With new ``tissue``, and findings about what had to be assumed.

    Raises
    ------
    MeasurementError
        When the map makes almost all of the left ventricle a scar, holds no segment, or a transmurality is no
        percentage.

    Notes
    -----
    Scar grows from the endocardium: the inner part of the wall is core, to the depth of the transmurality. A map that
    also gives the scarred share of a segment's area makes that share of the segment scar, with the transmurality
    divided by it (at most the whole wall). Where in the segment it lies the map does not say: it is put where the
    scar of this segment and of its neighbours is nearest, so that scars of neighbouring segments join and a lonely one
    lies in the middle of its segment. Segments that were not measured count as healthy.
    """
    segments, notes = _transmurality(scar)
    if scar.scar_present is False:
        message = "the scar examination found no scar, so the percentages of its map are noise: the heart has no scar"
        return _scarred(heart, np.zeros(len(heart.wall), dtype=bool), 0.0, (_note("no-scar", message),))
    core = np.zeros(len(heart.wall), dtype=bool)
    depth = heart.coordinates.transmural[heart.mesh.tetrahedra].mean(axis=1)
    centres = heart.mesh.points_mm[heart.mesh.tetrahedra].mean(axis=1)
    volume = heart.mesh.volumes_mm3
    pull = _pull(heart, centres, segments)
    for segment, (transmurality, area) in segments.items():
        inside = np.flatnonzero((heart.segment == segment) & (heart.wall != RV_FREE_WALL))
        if not len(inside) or transmurality <= 0.0:
            continue
        order = inside[np.argsort(-pull[inside], kind="stable")]
        filled = np.cumsum(volume[order]) - 0.5 * volume[order]
        chosen = order[filled <= area * volume[inside].sum()]
        core[chosen[depth[chosen] < transmurality]] = True
    return _scarred(heart, core, border_mm, notes)


def _transmurality(scar: ScarMap) -> tuple[dict[int, tuple[float, float]], tuple[Finding, ...]]:
    """Return depth within the scar (0 to 1) and share of the area (0 to 1) by segment of the 17-segment model."""
    if not scar.segments:
        raise MeasurementError(f"the scar map of {scar.source} holds no segment; give a transmurality per segment")
    for segment, entry in scar.segments.items():
        values = (entry.transmurality_mean_pct, 0.0 if entry.area_pct is None else entry.area_pct)
        if not all(0.0 <= value <= 100.0 for value in values):
            raise MeasurementError(
                f"scar of segment {segment}: percentages must lie in [0, 100], got {values[0]:g} and {values[1]:g}"
            )
    mean = converted({n: entry.transmurality_mean_pct for n, entry in scar.segments.items()}, scar.model, "aha17")
    known_area = {n: _area_pct(entry) for n, entry in scar.segments.items()}
    area = converted(known_area, scar.model, "aha17")
    found: dict[int, tuple[float, float]] = {}
    for segment, pct in mean.items():
        # Depth times area is the scarred volume, which the mean transmurality gives; the wall ends at depth 1.
        share = min(1.0, max(area[segment], pct, 1e-6) / 100.0)
        found[segment] = (min(1.0, pct / 100.0 / share), share)
    notes = []
    missing = [segment for segment in segments_of("aha17") if segment not in mean]
    if missing:
        listed = ", ".join(map(str, missing))
        notes.append(_note("scar-unknown", f"scar of segments {listed} is not known; they count as healthy"))
    if any(0.0 < pct < 100.0 for pct in mean.values()):
        notes.append(
            _note(
                "scar-by-segment",
                "the scar is known per segment only: its depth is taken from the endocardium outwards, and its place "
                "in partly scarred segments is assumed",
            )
        )
    return found, tuple(notes)


def _area_pct(entry: SegmentScar) -> float:
    return 100.0 if entry.area_pct is None else entry.area_pct


def _pull(heart: Heart, centres_mm: FloatArray, segments: dict[int, tuple[float, float]]) -> FloatArray:
    """Return how near each element is to scarred segments, shape (m,)."""
    pull = np.zeros(len(centres_mm))
    for segment, (transmurality, area) in segments.items():
        inside = (heart.segment == segment) & (heart.wall != RV_FREE_WALL)
        if transmurality * area > 0.0 and inside.any():
            distance = np.linalg.norm(centres_mm - centres_mm[inside].mean(axis=0), axis=1)
            pull += transmurality * area * np.exp(-0.5 * (distance / _REACH_MM) ** 2)
    return pull


def with_scar_elements(
    heart: Heart, core: BoolArray, border: BoolArray | None = None, *, border_mm: float = BORDER_MM
) -> Heart:
    """Return the heart with given elements as core, and as border zone or a rim of `border_mm` around the core.

    Parameters
    ----------
    core, border
        Shape (m,), bool.

    Raises
    ------
    MeasurementError
        When masks do not fit the mesh, or scar is almost everywhere.
    """
    for mask in (core, border):
        if mask is not None and mask.shape != heart.wall.shape:
            raise MeasurementError(f"a mask of scar has shape {mask.shape}, the heart has {len(heart.wall)} elements")
    return _scarred(heart, core, border_mm, (), border)


def _scarred(
    heart: Heart, core: BoolArray, border_mm: float, notes: tuple[Finding, ...], border: BoolArray | None = None
) -> Heart:
    """Mark core and border, and refuse a heart of scar."""
    if not 0.0 <= border_mm <= 20.0:
        raise MeasurementError(f"the border zone must be 0 to 20 mm wide, got {border_mm:g}")
    tissue = np.full(len(heart.wall), HEALTHY, dtype=np.int8)
    if border is not None:
        tissue[border] = BORDER_ZONE
    elif core.any() and border_mm > 0.0:
        centres = heart.mesh.points_mm[heart.mesh.tetrahedra].mean(axis=1)
        near = np.isfinite(cKDTree(centres[core]).query(centres, distance_upper_bound=border_mm)[0])
        tissue[near] = BORDER_ZONE
    tissue[core] = SCAR_CORE
    left = heart.wall != RV_FREE_WALL
    volume = heart.mesh.volumes_mm3
    share = float(volume[left & core].sum() / volume[left].sum())
    if share > MOST_CORE_SHARE:
        raise MeasurementError(
            f"scar fills {100.0 * share:.0f} % of the left ventricle, at most {100.0 * MOST_CORE_SHARE:.0f} % are "
            "allowed: nothing would be left that conducts; check whether percentages were given as scar or as viable"
        )
    tissue.setflags(write=False)
    return replace(heart, tissue=tissue, findings=heart.findings + notes)


def _note(code: str, message: str) -> Finding:
    return Finding(code=code, message=message)
