"""Scar per segment: transmurality along chords and share of area, over all slices of a level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resynchro.imaging.scar.scar_slices import MaskedSlice
from resynchro.imaging.scar.transmurality import WallChords, chord_scar_pct, wall_chords
from resynchro.imaging.segment_geometry import segments_at_angles, segments_of_pixels
from resynchro.record.scar import SegmentScar
from resynchro.record.segments import AngleRule, SegmentModel, level_of, segments_of
from resynchro.record.slices import FloatArray

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChordedSlice:
    """A slice with its chords.

    Attributes
    ----------
    chords
        None without cavity.
    chord_segments, pixel_segments
        Segment of every chord, shape (n,), and of every pixel of the wall, shape (rows, columns); None without frame or
        level.
    """

    masked: MaskedSlice
    chords: WallChords | None
    chord_segments: NDArray[np.uint8] | None
    pixel_segments: NDArray[np.uint8] | None


def chorded(item: MaskedSlice, *, model: SegmentModel, angle_rule: AngleRule) -> ChordedSlice:
    """Lay chords in one slice and give chords and pixels their segments."""
    chords = wall_chords(item.wall, item.cavity, item.geometry) if item.cavity.any() else None
    if item.frame is None or item.level is None:
        return ChordedSlice(masked=item, chords=chords, chord_segments=None, pixel_segments=None)
    of_chords = None
    if chords is not None and item.level != "apex":
        middle = chords.middle
        of_chords = segments_at_angles(
            item.frame.display_angles_deg(middle[:, 0], middle[:, 1]),
            item.frame,
            item.level,
            model=model,
            rule=angle_rule,
        )
    of_pixels = segments_of_pixels(item.wall, item.frame, item.level, model=model, rule=angle_rule)
    return ChordedSlice(masked=item, chords=chords, chord_segments=of_chords, pixel_segments=of_pixels)


def all_chords_pct(slices: Sequence[ChordedSlice], scars: Sequence[BoolArray]) -> FloatArray:
    """Return the transmurality of every measurable chord of all slices [%], shape (n,)."""
    found = [
        chord_scar_pct(item.chords, scar, item.masked.wall)
        for item, scar in zip(slices, scars, strict=True)
        if item.chords is not None
    ]
    joined = np.concatenate(found) if found else np.zeros(0)
    return np.asarray(joined[np.isfinite(joined)])


def segment_scar(
    slices: Sequence[ChordedSlice],
    scars: Sequence[BoolArray],
    other_rules: Mapping[str, Sequence[BoolArray]],
    *,
    model: SegmentModel,
) -> tuple[dict[int, SegmentScar], dict[int, str]]:
    """Measure scar in every segment.

    Parameters
    ----------
    slices
        From `chorded`, all with a frame.
    scars
        Scar by the rule that counts, one mask per slice.
    other_rules
        Scar by every rule, for the spread; may be empty.

    Returns
    -------
    tuple
        Scar by segment, and the reason for those that cannot be measured.

    Notes
    -----
    Chords of all slices of a level count alike. The apex beyond the cavity has no chords: its mean transmurality is its
    share of scarred area, and its largest is absent.
    """
    means = {rule: _means(slices, masks, model) for rule, masks in other_rules.items()}
    found: dict[int, SegmentScar] = {}
    absent: dict[int, str] = {}
    mean_pct, largest_pct, area_pct = _mean_max_area(slices, scars, model)
    for segment in segments_of(model):
        if segment not in mean_pct:
            absent[segment] = f"no slice shows wall of this segment at the {level_of(segment, model)} level"
            continue
        spread = [values[segment] for values in means.values() if segment in values]
        found[segment] = SegmentScar(
            transmurality_mean_pct=mean_pct[segment],
            transmurality_max_pct=largest_pct.get(segment),
            area_pct=area_pct.get(segment),
            low_pct=min(spread) if spread else None,
            high_pct=max(spread) if spread else None,
        )
    return found, absent


def _means(slices: Sequence[ChordedSlice], scars: Sequence[BoolArray], model: SegmentModel) -> dict[int, float]:
    return _mean_max_area(slices, scars, model)[0]


def _mean_max_area(
    slices: Sequence[ChordedSlice], scars: Sequence[BoolArray], model: SegmentModel
) -> tuple[dict[int, float], dict[int, float], dict[int, float]]:
    """Return mean and largest transmurality and share of area [%] by segment."""
    count = len(segments_of(model)) + 1
    chords: dict[int, list[FloatArray]] = {}
    wall_mm2, scar_mm2 = np.zeros(count), np.zeros(count)
    for item, scar in zip(slices, scars, strict=True):
        area = item.masked.geometry.pixel_area_mm2
        if item.pixel_segments is not None:
            wall_mm2 += area * np.bincount(item.pixel_segments[item.masked.wall], minlength=count)
            scar_mm2 += area * np.bincount(item.pixel_segments[scar & item.masked.wall], minlength=count)
        if item.chords is not None and item.chord_segments is not None:
            share = chord_scar_pct(item.chords, scar, item.masked.wall)
            for segment in np.unique(item.chord_segments):
                own = share[(item.chord_segments == segment) & np.isfinite(share)]
                chords.setdefault(int(segment), []).append(own)
    mean_pct, largest_pct, area_pct = {}, {}, {}
    for segment in segments_of(model):
        own = np.concatenate(chords[segment]) if segment in chords else np.zeros(0)
        if wall_mm2[segment] > 0.0:
            area_pct[segment] = 100.0 * float(scar_mm2[segment] / wall_mm2[segment])
        if own.size:
            mean_pct[segment], largest_pct[segment] = float(own.mean()), float(own.max())
        elif segment in area_pct and level_of(segment, model) == "apex":
            mean_pct[segment] = area_pct[segment]
    return mean_pct, largest_pct, area_pct
