"""Spread of the cross-correlation delays and difference of the walls, with noise floors in closed form."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from resynchro.imaging.published_values import published_values
from resynchro.imaging.strain.segment_delay import SegmentDelay
from resynchro.imaging.strain.strain_noise import NOISE_UNKNOWN
from resynchro.imaging.strain.time_to_peak import window_words
from resynchro.imaging.strain.timing_noise import above_noise
from resynchro.record.index_value import IndexValue
from resynchro.record.segments import segments_of_wall
from resynchro.record.strain import SegmentCurves

FloatArray = NDArray[np.float64]


def delay_indices(curves: SegmentCurves, delays: Sequence[SegmentDelay], absent: str | None) -> tuple[IndexValue, ...]:
    """Compute spread and wall difference of the cross-correlation delays.

    Parameters
    ----------
    curves
        Strain on one time base.
    delays
        From `segment_delays`; empty when they could not be measured, then `absent` says why.

    Returns
    -------
    tuple of IndexValue
        SD, range, and lateral minus septal wall. The noise floor of the SD is the root mean square of the standard
        errors (closed form); of the range it is their mean times the expected range of so many normal numbers.
    """
    valid = [delay for delay in delays if delay.valid]
    words = window_words("cycle", curves.events, curves.rr_s)
    shared = {"unit": "ms", "window": words, "reference_event": "mean curve of the ventricle"}
    if len(valid) < 2 and absent is None:
        absent = f"{len(valid)} segments have a usable delay; at least 2 are needed"
    values = np.array([delay.delay_ms for delay in valid if delay.delay_ms is not None])
    errors = np.array([delay.se_ms for delay in valid if delay.se_ms is not None])
    segments = tuple(delay.segment for delay in valid)
    per_segment = tuple(zip(segments, map(float, values), strict=True))
    known = len(errors) == len(valid) > 0
    root = float(np.sqrt(np.mean(errors**2))) if known else None
    indices = []
    for key, name, variant in (
        ("xcorr_delay_sd_ms", "SD of cross-correlation delays", "sample SD of usable delays, harmonics 1 to 6"),
        ("xcorr_delay_range_ms", "Range of cross-correlation delays", "usable delays, harmonics 1 to 6"),
    ):
        if absent is not None:
            indices.append(IndexValue(key=key, name=name, variant=variant, absent=absent, **shared))  # type: ignore[arg-type]
            continue
        spread = key == "xcorr_delay_sd_ms"
        value = float(values.std(ddof=1) if spread else np.ptp(values))
        floor = None if root is None else root * (1.0 if spread else expected_range(len(valid)))
        notes = [f"{100.0 * value / (1000.0 * curves.rr_s):.1f} % of RR"]
        if floor is not None:
            notes.append(above_noise(value, floor) if spread else _range_note(value, floor))
        if len(valid) < len(delays):
            left = [str(delay.segment) for delay in delays if not delay.valid]
            notes.append(f"without segments {', '.join(left)}, whose delay is not usable")
        indices.append(
            IndexValue(
                key=key,
                name=name,
                variant=variant,
                value=value,
                n_segments=len(valid),
                segments=segments,
                noise_floor=floor,
                noise_note=NOISE_UNKNOWN
                if floor is None
                else "closed form from the noise of a frame; a lower bound for curves smoothed in time",
                per_segment=per_segment,
                published=published_values(key),
                notes=tuple(notes),
                **shared,  # type: ignore[arg-type]
            )
        )
    return (*indices, _wall_delay(curves, valid, absent, words))


def _range_note(value: float, floor: float) -> str:
    return "above what noise alone gives" if value > floor else "not above what noise alone gives"


def expected_range(count: int) -> float:
    """Return the expected range of so many independent normal numbers of SD 1.

    Examples
    --------
    >>> round(expected_range(2), 3), round(expected_range(12), 3)  # 2/sqrt(pi); a table value
    (1.128, 3.258)
    """
    from scipy.special import ndtr

    grid, step = np.linspace(-8.0, 8.0, 4001, retstep=True)
    below = ndtr(grid)
    return float((1.0 - below**count - (1.0 - below) ** count).sum() * step)


def _wall_delay(curves: SegmentCurves, valid: Sequence[SegmentDelay], absent: str | None, words: str) -> IndexValue:
    key, name = "xcorr_lateral_septal_ms", "Lateral minus septal delay (cross-correlation)"
    variant = "mean delay of the usable lateral segments minus that of the septal ones; positive = lateral later"
    walls = [[d for d in valid if d.segment in segments_of_wall(wall, curves.model)] for wall in ("lateral", "septal")]
    if absent is None and min(map(len, walls)) < 2:
        absent = f"{len(walls[0])} lateral and {len(walls[1])} septal segments have a usable delay; 2 each are needed"
    if absent is not None:
        return IndexValue(key=key, name=name, unit="ms", absent=absent, window=words, variant=variant)
    means = [float(np.mean([d.delay_ms for d in wall if d.delay_ms is not None])) for wall in walls]
    value = means[0] - means[1]
    floor = None
    if all(d.se_ms is not None for wall in walls for d in wall):
        variances = [sum(d.se_ms**2 for d in wall if d.se_ms is not None) / len(wall) ** 2 for wall in walls]
        floor = float(np.sqrt(2.0 / np.pi * sum(variances)))  # mean absolute value of a normal number
    segments = tuple(sorted(d.segment for wall in walls for d in wall))
    return IndexValue(
        key=key,
        name=name,
        unit="ms",
        value=value,
        window=words,
        reference_event="difference of two walls",
        variant=variant,
        n_segments=len(segments),
        segments=segments,
        noise_floor=floor,
        noise_note=NOISE_UNKNOWN if floor is None else "closed form: mean absolute difference of synchronous walls",
        notes=(
            f"{100.0 * value / (1000.0 * curves.rr_s):.1f} % of RR",
            "a mechanical delay: coupling between segments inflates it over the electrical one",
        ),
    )
