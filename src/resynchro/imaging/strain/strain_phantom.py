"""Strain curves with exactly known delays: the canonical beat of the noise floors, and a whole examination in LBBB.

Every segment contracts by the same course, shifted by its delay. Coupled segments share one length around the
ventricle: what contracts stretches what does not yet (pre-stretch) or no longer (rebound) contract.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError
from resynchro.record.segments import SegmentModel, checked_segment, display_arc_deg, level_of, segments_of
from resynchro.record.strain import CardiacEvents, SegmentCurves, StrainType

FloatArray = NDArray[np.float64]

#: Course of shortening after activation: onset, rise and fall, each a half cosine [ms].
ONSET_MS, RISE_MS, FALL_MS = 30.0, 330.0, 250.0
SYNCHRONOUS_EVENTS: Final = CardiacEvents(mvc_s=0.04, avo_s=0.09, avc_s=0.36, mvo_s=0.45, origin="phantom")


def shortening_course(
    time_ms: FloatArray,
    *,
    onset_ms: float = ONSET_MS,
    rise_ms: float | FloatArray = RISE_MS,
    fall_ms: float = FALL_MS,
) -> FloatArray:
    """Return the share of peak shortening at times after activation.

    Parameters
    ----------
    time_ms
        Any shape [ms].
    onset_ms, rise_ms, fall_ms
        0 before onset, half a cosine up to 1, half a cosine back to 0, 0 afterwards [ms].

    Returns
    -------
    FloatArray
        Same shape, 0 to 1.

    Examples
    --------
    >>> shortening_course(np.array([0.0, 30.0, 195.0, 360.0, 485.0, 610.0])).round(3).tolist()
    [0.0, 0.0, 0.5, 1.0, 0.5, 0.0]
    """
    since = np.asarray(time_ms, dtype=np.float64) - onset_ms
    rise = 0.5 - 0.5 * np.cos(np.pi * np.clip(since / rise_ms, 0.0, 1.0))
    fall = 0.5 + 0.5 * np.cos(np.pi * np.clip((since - rise_ms) / fall_ms, 0.0, 1.0))
    return np.asarray(rise * fall, dtype=np.float64)


def strain_phantom(
    delays_ms: Mapping[int, float],
    *,
    model: SegmentModel = "aha17",
    peak_pct: float | Mapping[int, float] = 18.0,
    coupling: float = 0.0,
    scar: Mapping[int, float] | None = None,
    rr_ms: float = 900.0,
    frames: int = 30,
    fall_ms: float = FALL_MS,
    noise_pct: float = 0.0,
    rng: np.random.Generator | None = None,
    events: CardiacEvents = SYNCHRONOUS_EVENTS,
    strain_type: StrainType = "circumferential",
) -> SegmentCurves:
    """Make strain curves with prescribed delays.

    Parameters
    ----------
    delays_ms
        Delay of contraction by segment, may be negative [ms].
    peak_pct
        Peak shortening (thickening for radial strain), one for all or by segment [%].
    coupling
        c in ``E = -((1 + c) q - c mean(q))`` with q the shortening of the segment on its own; 0.4 gives pre-stretch
        and rebound as in left bundle branch block, 0 leaves pure shifts of one curve.
    scar
        Segment to the share of its shortening that is lost, 1 is akinetic.
    frames
        Samples of the beat, the first at 0, the last one step before RR.
    noise_pct
        Standard deviation of white noise per frame [%]; needs `rng`. The first frame stays 0.
    rng
        Source of the noise.
    events
        Valve events that go with the curves.

    Returns
    -------
    SegmentCurves
        Periodic, 0 at time 0. Without coupling, scar and noise, curve i is curve j moved by the difference of their
        delays (and by a constant where contraction begins before time 0).

    Raises
    ------
    InputError
        For no segment, too few frames, noise without `rng`, or a scar share outside 0 to 1.
    """
    segments = tuple(sorted(checked_segment(segment, model) for segment in delays_ms))
    if not segments or frames < 4 or rr_ms <= 0:
        raise InputError(f"a phantom needs segments, 4 frames and a beat, got {len(segments)}, {frames}, {rr_ms:g} ms")
    if noise_pct > 0 and rng is None:
        raise InputError("noise needs a source: give rng=numpy.random.default_rng(seed)")
    lost = dict(scar or {})
    if any(not 0.0 <= share <= 1.0 for share in lost.values()):
        raise InputError("the share of shortening that a scar takes must lie in [0, 1]")
    peaks = peak_pct if isinstance(peak_pct, Mapping) else dict.fromkeys(segments, float(peak_pct))
    time_ms = np.arange(frames) * (rr_ms / frames)
    delay = np.array([delays_ms[segment] for segment in segments])[:, None]
    height = np.array([peaks[segment] * (1.0 - lost.get(segment, 0.0)) for segment in segments])[:, None]
    # The beat is periodic: a segment that starts before QRS onset is already contracting at the end of this beat.
    alone = height * shortening_course(np.mod(time_ms - delay, rr_ms), fall_ms=fall_ms)
    strain = coupled_strain(alone, coupling)
    if strain_type == "radial":
        strain = -strain
    strain -= strain[:, :1]
    if noise_pct > 0 and rng is not None:
        strain[:, 1:] += noise_pct * rng.standard_normal(strain[:, 1:].shape)
    return SegmentCurves(
        time_s=_fixed(time_ms / 1000.0),
        rr_s=rr_ms / 1000.0,
        segments=segments,
        model=model,
        strain_pct=_fixed(strain + 0.0),
        strain_type=strain_type,
        kind="lagrangian",
        events=events,
        modality="model",
        engine="strain phantom",
        noise_pct=_fixed(np.full(len(segments), float(noise_pct))),
        periodic=True,
        source="strain phantom",
    )


def coupled_strain(alone_pct: FloatArray, coupling: float) -> FloatArray:
    """Return strain of segments that share one length.

    Parameters
    ----------
    alone_pct
        Shortening of each segment on its own, shape (segments, T) [%].
    coupling
        Share c of the difference from the mean that is added; the mean strain does not depend on it.

    Returns
    -------
    FloatArray
        ``-((1 + c) q - c mean(q))``, shape (segments, T) [%].
    """
    return np.asarray(-((1.0 + coupling) * alone_pct - coupling * alone_pct.mean(axis=0)), dtype=np.float64)


def angular_delays_ms(
    latest_ms: float, *, latest_angle_deg: float = -30.0, model: SegmentModel = "aha17"
) -> dict[int, float]:
    """Return delays that grow smoothly around the ventricle from 0 opposite the latest angle.

    Parameters
    ----------
    latest_ms
        Delay at the latest angle [ms].
    latest_angle_deg
        Display angle, -30 is inferolateral [deg].

    Returns
    -------
    dict
        ``latest (1 + cos(angle - latest angle))/2`` at the middle of each segment [ms]; the apex has half of `latest`.
    """
    delays = {}
    for segment in segments_of(model):
        start, end = display_arc_deg(segment, model)
        away = np.deg2rad(0.5 * (start + end) - latest_angle_deg)
        share = 0.5 if level_of(segment, model) == "apex" else 0.5 + 0.5 * float(np.cos(away))
        delays[segment] = latest_ms * share
    return delays


def _fixed(values: NDArray[np.floating[Any]]) -> FloatArray:
    fixed = np.array(values, dtype=np.float64)
    fixed.setflags(write=False)
    return fixed
