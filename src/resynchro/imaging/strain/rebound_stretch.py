"""Septal rebound stretch: how much the septum is stretched again after its first shortening, before AVC."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resynchro.imaging.strain.smoothed_curves import HARMONICS, SmoothedCurves, least_turn_pct, smoothed
from resynchro.imaging.strain.synchronous_noise import synchronous_floor
from resynchro.imaging.strain.systolic_stretch import (
    missing_events,
    published_of_type,
    rebound_stretch,
    stated_tolerance,
    wall_rows,
)
from resynchro.record.index_value import IndexValue
from resynchro.record.segments import segment_name
from resynchro.record.strain import SegmentCurves

FloatArray = NDArray[np.float64]


def septal_rebound_indices(curves: SegmentCurves) -> tuple[IndexValue, ...]:
    """Return the septal rebound stretch of the mid septum and, of longitudinal strain, of the septum in the 4CH view.

    Parameters
    ----------
    curves
        AVO and AVC must be known.

    Returns
    -------
    tuple of IndexValue
        ``srs_sept_pct``: mean of the mid septal segments (as in the SSI). ``srs_sept_4ch_pct``: mean of the
        inferoseptal segments of all levels.
    """
    found = [septal_rebound(curves)]
    if curves.strain_type == "longitudinal":
        found.append(septal_rebound(curves, four_chamber=True))
    return tuple(found)


def septal_rebound(
    curves: SegmentCurves, *, four_chamber: bool = False, harmonics: int | None = HARMONICS
) -> IndexValue:
    """Return the septal rebound stretch (SRSsept).

    Parameters
    ----------
    curves
        AVO and AVC must be known.
    four_chamber
        The septum as the apical four-chamber view shows it: inferoseptal segments and the apical septum.
    harmonics
        Low-pass before; None for the raw index.

    Returns
    -------
    IndexValue
        Minima shallower than max(0.5 %, 2 sigma) are passed over.

    References
    ----------
    Ghani A, et al. Int J Cardiol Heart Vasc 2015;7:22-27, doi:10.1016/j.ijcha.2015.02.004. De Boeck BWL, et al. 2009.
    Salden OAE, et al. Eur Heart J Cardiovasc Imaging 2020.
    """
    where = "4CH septum" if four_chamber else "mid septum"
    key = "srs_sept_4ch_pct" if four_chamber else "srs_sept_pct"
    name, unit = f"septal rebound stretch, {where}", "%"
    avo_s, avc_s = curves.events.avo_s, curves.events.avc_s
    if avo_s is None or avc_s is None:
        return IndexValue(key=key, name=name, unit=unit, absent=missing_events(curves, ("avo", "avc")))
    rows = _four_chamber_septum(curves) if four_chamber else wall_rows(curves, "septal", ("mid",))
    if not rows:
        return IndexValue(key=key, name=name, unit=unit, absent=f"no segment of the {where} is there")
    least = least_turn_pct(curves)[rows]

    def each(curve: SmoothedCurves) -> FloatArray:
        return rebound_stretch(curve.shortening_pct[..., rows, :], curve.sample(avo_s), curve.sample(avc_s), least)

    curve = smoothed(curves, harmonics=harmonics)
    values = each(curve)
    floor = synchronous_floor(
        curves,
        lambda strain: np.asarray(each(smoothed(curves, harmonics=harmonics, values_pct=strain)).mean(axis=-1)),
        unit,
    )
    segments = tuple(curves.segments[row] for row in rows)
    return IndexValue(
        key=key,
        name=name,
        unit=unit,
        value=float(values.mean()),
        window=f"first minimum to AVC ({1000 * avc_s:.0f} ms), included; shortening before AVO "
        f"({1000 * avo_s:.0f} ms) needed",
        variant=f"{curves.strain_type}, {curve.treatment}, minima from {stated_tolerance(least)}",
        n_segments=len(rows),
        segments=segments,
        noise_floor=floor.mean,
        noise_note=floor.note,
        per_segment=tuple((segment, float(value)) for segment, value in zip(segments, values, strict=True)),
        published=published_of_type(curves, "srs_sept_pct"),
        notes=(f"Engine: {curves.engine}. Cut-offs depend on vendor and view.",),
    )


def _four_chamber_septum(curves: SegmentCurves) -> list[int]:
    names = {segment_name(segment, curves.model): row for row, segment in enumerate(curves.segments)}
    wanted = ("basal inferoseptal", "mid inferoseptal", "apical inferoseptal", "apical septal")
    return [names[name] for name in wanted if name in names]
