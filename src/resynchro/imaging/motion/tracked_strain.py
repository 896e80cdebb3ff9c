"""Strain of the segments from tracked slices, in the form in which strain of any origin is measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import MeasurementError
from resynchro.imaging.motion.tracked_slice import FLOW_ENGINE, TrackedSlice
from resynchro.imaging.strain.septal_flash import displacement_from_chord
from resynchro.record.finding import Finding
from resynchro.record.segments import ANTERIOR_INSERTION_DEG, INFERIOR_INSERTION_DEG, AngleRule, Level
from resynchro.record.strain import CardiacEvents, StrainStudy, StrainType, StrainView

FloatArray = NDArray[np.float64]

_VIEW_NAME: Mapping[Level, str] = {"basal": "SAX-B", "mid": "SAX-PM", "apical": "SAX-AP"}
_FIRST: Mapping[Level, int] = {"basal": 1, "mid": 7, "apical": 13}
#: Error of a frame, and the white noise per frame that would make cross-correlation delays err as much as tracked ones
#: do, both per standard deviation of the single-frame circumferential strain about the final one. Set on 20 phantoms
#: that are not among the reported ones. The second is larger because the errors of tracking last over many frames.
ERROR_PER_SCATTER: Mapping[StrainType, float] = {"circumferential": 1.7, "radial": 6.5}
TIMING_NOISE_PER_SCATTER: Mapping[StrainType, float] = {"circumferential": 5.0, "radial": 20.0}


#: The same for optical flow, which tells no scatter: constants from the same 20 phantoms [%]. It follows thickness
#: better than rotation, so its radial curves are the better timed ones.
FLOW_ERROR_PCT: Mapping[StrainType, float] = {"circumferential": 2.6, "radial": 3.2}
FLOW_TIMING_NOISE_PCT: Mapping[StrainType, float] = {"circumferential": 8.4, "radial": 4.2}


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentStrains:
    """Lagrangian strain of the ring of one slice.

    Attributes
    ----------
    circumferential_pct
        From the arc length of the line that halves the area of the wall, shape (segments, T), 0 at end-diastole [%].
    radial_pct
        From the mean distance between endocardium and epicardium at equal angle, shape (segments, T) [%].
    scatter_pct
        Standard deviation of the single-frame circumferential strain about the final one, shape (segments,); None when
        the engine does not tell [%].
    by_flow
        True for optical flow, whose errors are known by type only.
    """

    circumferential_pct: FloatArray
    radial_pct: FloatArray
    scatter_pct: FloatArray | None
    by_flow: bool = False

    def noise_pct(self, strain_type: StrainType = "circumferential") -> FloatArray | None:
        """Return the error of one frame, shape (segments,) [%], or None."""
        if self.by_flow:
            return np.full(len(self.circumferential_pct), FLOW_ERROR_PCT[strain_type])
        return None if self.scatter_pct is None else ERROR_PER_SCATTER[strain_type] * self.scatter_pct

    def timing_noise_pct(self, strain_type: StrainType = "circumferential") -> FloatArray | None:
        """Return the white noise per frame that stands for the engine's errors in drawn delays, or None [%]."""
        if self.by_flow:
            return np.full(len(self.circumferential_pct), FLOW_TIMING_NOISE_PCT[strain_type])
        return None if self.scatter_pct is None else TIMING_NOISE_PER_SCATTER[strain_type] * self.scatter_pct


def ring_borders_deg(
    count: int, *, rule: AngleRule = "rigid60", inferior_insertion_deg: float = INFERIOR_INSERTION_DEG
) -> FloatArray:
    """Return where the segments of a ring begin, anterior first, and where the last one ends.

    Parameters
    ----------
    count
        6, or 4 for the apical ring (which has one rule only).
    rule, inferior_insertion_deg
        As in `resynchro.record.segments.segment_at`.

    Returns
    -------
    ndarray
        Shape (count + 1,), display angles, increasing [deg].

    Examples
    --------
    >>> ring_borders_deg(6)[:3].tolist(), ring_borders_deg(4).tolist()
    ([60.0, 120.0, 180.0], [45.0, 135.0, 225.0, 315.0, 405.0])
    """
    if count == 4:
        return np.asarray(45.0 + 90.0 * np.arange(5))
    if count != 6:
        raise MeasurementError(f"a ring has 6 segments, or 4 at the apex, got {count}")
    septum = 120.0
    if rule == "insertion":
        septum = (inferior_insertion_deg - ANTERIOR_INSERTION_DEG) % 360.0
        if not 20.0 <= septum <= 300.0:
            raise MeasurementError(
                f"the insertions are {septum:.0f} degrees apart, allowed are 20 to 300: check which is the anterior one"
            )
    free = (360.0 - septum) / 4.0
    after_anterior = (-free, 0.0, septum / 2.0, septum, septum + free, septum + 2.0 * free, septum + 3.0 * free)
    return ANTERIOR_INSERTION_DEG + np.array(after_anterior)


def segment_strains(tracked: TrackedSlice, *, count: int = 6, rule: AngleRule = "rigid60") -> SegmentStrains:
    """Measure the strain of the segments of a slice.

    Parameters
    ----------
    tracked
        From `track_slice` or `track_slice_by_optical_flow`.
    count
        6 for a basal or mid slice, 4 for an apical one.
    rule
        How the ring is cut; ``insertion`` needs the inferior insertion.

    Returns
    -------
    SegmentStrains
        In the order of the AHA numbers: anterior, anteroseptal, inferoseptal, inferior, inferolateral, anterolateral;
        of four: anterior, septal, inferior, lateral.

    Notes
    -----
    Noise is the scatter of the single-frame strain about the final one, times factors set on phantoms; a lower bound in
    a real heart, whose motion through the plane adds errors that last over many frames.
    """
    inferior = tracked.inferior_insertion_deg
    if rule == "insertion" and inferior is None:
        raise MeasurementError("segments between the insertions need the inferior insertion; use rigid60 or give it")
    borders = ring_borders_deg(
        count, rule=rule, inferior_insertion_deg=INFERIOR_INSERTION_DEG if inferior is None else inferior
    )
    ed = tracked.ed_frame
    circumferential = _arc_strain_pct(tracked.mid_wall_mm, tracked.display_deg, borders, ed)
    thickness = np.linalg.norm(tracked.points_mm[:, -1] - tracked.points_mm[:, 0], axis=-1)
    places = [(tracked.display_deg - start) % 360.0 < end - start for start, end in pairwise(borders)]
    mean = np.stack([thickness[:, place].mean(axis=1) for place in places])
    scatter = None
    if tracked.single_frame_mid_mm is not None:
        alone = _arc_strain_pct(tracked.single_frame_mid_mm, tracked.display_deg, borders, ed)
        scatter = np.asarray((alone - circumferential).std(axis=1, ddof=1))
    return SegmentStrains(
        circumferential_pct=circumferential,
        radial_pct=100.0 * (mean / mean[:, ed : ed + 1] - 1.0),
        scatter_pct=scatter,
        by_flow=tracked.engine == FLOW_ENGINE,
    )


def strain_study(
    slices: Sequence[tuple[Level, TrackedSlice]],
    *,
    strain_type: StrainType = "circumferential",
    rule: AngleRule = "rigid60",
    events: CardiacEvents | None = None,
    file: str = "",
    sha256: str = "",
) -> StrainStudy:
    """Bring tracked slices into one strain examination of the 16-segment model.

    Parameters
    ----------
    slices
        Level and tracking of each slice, every one with its own beat; several slices of a level are averaged later.
    strain_type
        ``circumferential`` or ``radial``.
    events
        Valve events of the beat, from end-diastole; None when unknown.
    file, sha256
        Where the images came from.

    Returns
    -------
    StrainStudy
        To be measured like an examination by echo.

    Raises
    ------
    MeasurementError
        For longitudinal strain, which a short-axis slice does not show, or no slice at all.
    """
    if strain_type == "longitudinal":
        raise MeasurementError("short-axis slices show circumferential and radial strain, not longitudinal")
    if not slices:
        raise MeasurementError("no tracked slice: at least one is needed")
    views, findings = [], []
    for number, (level, tracked) in enumerate(slices, start=1):
        if level == "apex":
            raise MeasurementError("the apical cap has no ring of wall to be tracked; leave its slices out")
        count = 4 if level == "apical" else 6
        strains = segment_strains(tracked, count=count, rule=rule if count == 6 else "rigid60")
        curve = strains.radial_pct if strain_type == "radial" else strains.circumferential_pct
        order, time_s = _from_end_diastole(tracked)
        strain = np.ascontiguousarray(curve[:, order])
        for array in (strain, time_s):
            array.setflags(write=False)
        views.append(
            StrainView(
                name=_view_name(level, number, [other for other, _ in slices]),
                segments=tuple(_FIRST[level] + step for step in range(count)),
                time_s=time_s,
                strain_pct=strain,
                rr_s=tracked.rr_s,
                events=CardiacEvents() if events is None else events,
                septal_inward_mm=None if count == 4 else _read_only(septal_displacement_mm(tracked)[order]),
                noise_pct=strains.noise_pct(strain_type),
                timing_noise_pct=strains.timing_noise_pct(strain_type),
            )
        )
        findings += [Finding(code=f.code, message=f"slice {number} ({level}): {f.message}") for f in tracked.findings]
        if len(order) < tracked.n_frames:
            findings.append(Finding(code="before-end-diastole", message=_DROPPED.format(number=number, level=level)))
    engines = dict.fromkeys(tracked.engine for _, tracked in slices)
    return StrainStudy(
        file=file,
        format="tracked cine",
        sha256=sha256,
        views=tuple(views),
        model="aha16",
        strain_type=strain_type,
        kind="lagrangian",
        modality="cmr",
        engine=", ".join(engines),
        heart_rate_bpm=60.0 / float(np.mean([tracked.rr_s for _, tracked in slices])),
        findings=tuple(findings),
    )


def _view_name(level: Level, number: int, levels: Sequence[Level]) -> str:
    """Return the name of a view; with the number of the slice where a level has several."""
    return _VIEW_NAME[level] if levels.count(level) == 1 else f"{_VIEW_NAME[level]} slice {number}"


def _read_only(values: FloatArray) -> FloatArray:
    values = np.ascontiguousarray(values - values[0])
    values.setflags(write=False)
    return values


_DROPPED = "slice {number} ({level}): frames before end-diastole were left out, the recording does not close the beat"


def septal_displacement_mm(tracked: TrackedSlice) -> FloatArray:
    """Return how far the middle of the septum moves towards the cavity, from the chord between the insertions.

    Returns
    -------
    ndarray
        Shape (T,), inward positive, 0 at end-diastole [mm]. Input of `septal_flash`.

    Notes
    -----
    The chord joins the epicardial points at both insertions and moves with them; the wall point lies half-way between
    them in angle, on the line that halves the area of the wall. An unknown inferior insertion counts as 240 degrees.
    """
    inferior = tracked.inferior_insertion_deg
    inferior = INFERIOR_INSERTION_DEG if inferior is None else inferior
    width = (inferior - ANTERIOR_INSERTION_DEG) % 360.0
    column = [_nearest(tracked.display_deg, ANTERIOR_INSERTION_DEG + share * width) for share in (0.0, 0.5, 1.0)]
    chord = tracked.points_mm[:, -1][:, [column[0], column[2]]]
    order = np.r_[tracked.ed_frame, np.arange(tracked.n_frames)]
    return displacement_from_chord(tracked.mid_wall_mm[order, column[1]], chord[order], np.asarray(tracked.centre_mm))[
        1:
    ]


def _nearest(display_deg: FloatArray, angle_deg: float) -> int:
    return int(np.argmin(np.abs((display_deg - angle_deg + 180.0) % 360.0 - 180.0)))


def _arc_strain_pct(line_mm: FloatArray, display_deg: FloatArray, borders: FloatArray, ed_frame: int) -> FloatArray:
    """Return the strain of the arcs between borders of a closed line, shape (segments, T) [%]."""
    steps = np.linalg.norm(np.roll(line_mm, -1, axis=1) - line_mm, axis=-1)
    way = np.concatenate((np.zeros((len(steps), 1)), np.cumsum(steps, axis=1)), axis=1)
    nodes = np.append(display_deg, display_deg[0] + 360.0)
    turns, place = np.divmod(borders - nodes[0], 360.0)
    at_border = np.stack([np.interp(place + nodes[0], nodes, row) + turns * row[-1] for row in way])
    lengths = np.diff(at_border, axis=1).T
    return np.asarray(100.0 * (lengths / lengths[:, ed_frame : ed_frame + 1] - 1.0))


def _from_end_diastole(tracked: TrackedSlice) -> tuple[NDArray[np.intp], FloatArray]:
    """Return the frames from end-diastole on, and their times from it [s]."""
    order = np.arange(tracked.ed_frame, tracked.n_frames)
    if tracked.periodic:
        order = (np.arange(tracked.n_frames) + tracked.ed_frame) % tracked.n_frames
        return order, (tracked.time_s[order] - tracked.time_s[tracked.ed_frame]) % tracked.rr_s
    return order, tracked.time_s[order] - tracked.time_s[tracked.ed_frame]
