"""Everything that one cine MRI examination tells: volumes, thickness and strain, as far as contours are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from resynchro.errors import MeasurementError, ResynchroError
from resynchro.imaging.cine.area_curves import LEAST_WALL_SHARE, wall_share
from resynchro.imaging.cine.cine_strain import TrackedRing, track_rings
from resynchro.imaging.cine.lv_volumes import LvVolumes, counted_volumes_ml, lv_volumes, mask_findings
from resynchro.imaging.cine.placed_slices import PlacedSlice, placed_slices
from resynchro.imaging.cine.regional_cavity import cine_sdi
from resynchro.imaging.cine.rv_volumes import RvVolumes, rv_volumes
from resynchro.imaging.cine.wall_thickness import WallThickness, wall_thickness
from resynchro.imaging.mask_contours import contours_from_labels
from resynchro.imaging.motion.tracked_strain import strain_study
from resynchro.imaging.strain.regional_volumes import absent_sdi_volume
from resynchro.record.finding import Finding
from resynchro.record.index_value import IndexValue
from resynchro.record.segment_map import SegmentMap
from resynchro.record.slices import CineStack, ContourStack, FloatArray, LabelStack
from resynchro.record.strain import StrainStudy, StrainType

Result = TypeVar("Result")

_NO_CONTOURS = "needs contours or masks of the left ventricle; give label images or guide points"
#: Slices whose beats differ more than this are of different heart rates; times need rescaling [share of the mean].
_RR_SPREAD = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class CineMeasurement:
    """The measured cine.

    Attributes
    ----------
    stack
        The short-axis images; None when only masks or contours were given.
    contours
        What was measured with.
    volumes, rv
        Left and right ventricle; None with the reason in `absent`.
    counted_ml
        Cavity by counting voxels, shape (T,) [ml]; None without masks.
    thickness
        Wall thickness and thickening.
    placed
        Short-axis slices with level and directions.
    rings
        Tracked slices.
    circumferential, radial
        Strain of the segments from the tracker.
    checks
        The same two by the second engine, where that was asked for; else empty.
    sdi
        Systolic dyssynchrony index of the regional volumes.
    disagreement
        Root mean square difference of circumferential strain to the second engine, where that was asked for [%].
    absent
        Reason by quantity for what could not be measured.
    """

    stack: CineStack | None
    contours: ContourStack | None
    volumes: LvVolumes | None
    rv: RvVolumes | None
    counted_ml: FloatArray | None
    thickness: WallThickness | None
    placed: tuple[PlacedSlice, ...]
    rings: tuple[TrackedRing, ...]
    circumferential: StrainStudy | None
    radial: StrainStudy | None
    checks: tuple[StrainStudy, ...]
    sdi: IndexValue
    disagreement: SegmentMap | None
    absent: Mapping[str, str]
    findings: tuple[Finding, ...]


def measure_cine(
    stack: CineStack | None,
    contours: ContourStack | LabelStack | None = None,
    *,
    contour_frames: Sequence[int] = (),
    check_engine: bool = False,
) -> CineMeasurement:
    """Measure volumes, wall thickness and segmental strain of one cine examination.

    Parameters
    ----------
    stack
        Short-axis images; None measures volumes and thickness from the contours alone.
    contours
        Contours or masks; without them only what the images say of themselves is reported.
    contour_frames
        Frames of the images (from 0) that the contours belong to, where they do not say it themselves.
    check_engine
        Track with OpenCV's optical flow, too; where both engines disagree, neither should be trusted.

    Returns
    -------
    CineMeasurement
        With the reason in `absent` for everything that could not be measured.

    Raises
    ------
    MeasurementError
        When neither images nor contours are given, or the number of `contour_frames` is not that of the contours.
    """
    if stack is None and contours is None:
        raise MeasurementError("neither images nor contours are given; name at least one of them")
    findings = list(stack.findings) if stack is not None else []
    findings += _rr_findings(stack)
    if contours is None:
        return _empty(stack, findings)
    drawn, labels = _drawn(contours)
    if contour_frames:
        if len(contour_frames) != len(drawn.slices[0].endo):
            raise MeasurementError(
                f"{len(contour_frames)} frames are named for contours of {len(drawn.slices[0].endo)} frames"
            )
        drawn = replace(drawn, frame_numbers=tuple(contour_frames))
    absent: dict[str, str] = {}
    findings += drawn.findings
    volumes, found = _left(drawn, labels, absent)
    findings += found
    rv = _attempt(lambda: rv_volumes(drawn), "rv", absent)
    ed_contour = volumes.ed_frame if volumes is not None else 0
    es_contour = volumes.es_frame if volumes is not None else 0
    placed: tuple[PlacedSlice, ...] = ()
    try:
        placed, found = placed_slices(drawn, ed_contour)
        findings += found
    except MeasurementError as error:
        absent["thickness"] = absent["strain"] = str(error)
    thickness = None
    if placed:
        thickness = _attempt(lambda: wall_thickness(placed, ed_contour, es_contour), "thickness", absent)
        if thickness is not None and es_contour == ed_contour:
            absent["thickening"] = "contours are there for one frame only"
    rings: tuple[TrackedRing, ...] = ()
    if placed:
        rings, found = _tracked(placed, stack, drawn, (ed_contour, es_contour), check_engine, absent)
        findings += found
    source = stack if stack is not None else drawn
    studies: dict[StrainType, StrainStudy] = {}
    pairs = [(ring.placed.level, ring.tracked) for ring in rings if ring.placed.level is not None]
    kinds: tuple[StrainType, ...] = ("circumferential", "radial") if pairs else ()
    for kind in kinds:
        studies[kind] = strain_study(pairs, strain_type=kind, file=source.file, sha256=source.sha256)
    return CineMeasurement(
        stack=stack,
        contours=drawn,
        volumes=volumes,
        rv=rv,
        counted_ml=counted_volumes_ml(labels, labels.convention.cavity) if labels is not None else None,
        thickness=thickness,
        placed=placed,
        rings=rings,
        circumferential=studies.get("circumferential"),
        radial=studies.get("radial"),
        checks=_checks(rings, source),
        sdi=cine_sdi(placed, _mean_rr_s(stack)),
        disagreement=_disagreement(rings) if check_engine and rings else None,
        absent=absent,
        findings=_once(findings),
    )


def _empty(stack: CineStack | None, findings: list[Finding]) -> CineMeasurement:
    """Return what is known without contours."""
    return CineMeasurement(
        stack=stack,
        contours=None,
        volumes=None,
        rv=None,
        counted_ml=None,
        thickness=None,
        placed=(),
        rings=(),
        circumferential=None,
        radial=None,
        checks=(),
        sdi=absent_sdi_volume(_NO_CONTOURS),
        disagreement=None,
        absent=dict.fromkeys(("lv", "rv", "thickness", "strain"), _NO_CONTOURS),
        findings=_once(findings),
    )


def _drawn(given: ContourStack | LabelStack) -> tuple[ContourStack, LabelStack | None]:
    """Return contours, drawn from masks at the frame with the largest cavity where masks were given."""
    if isinstance(given, ContourStack):
        return given, None
    cavity = counted_volumes_ml(given, given.convention.cavity)
    return contours_from_labels(given, end_diastole=int(np.argmax(cavity))), given


def _left(
    drawn: ContourStack, labels: LabelStack | None, absent: dict[str, str]
) -> tuple[LvVolumes | None, tuple[Finding, ...]]:
    """Measure the left ventricle, and collect what must be said about it."""
    volumes = _attempt(lambda: lv_volumes(drawn), "lv", absent)
    if volumes is None:
        return None, ()
    if volumes.esv_ml is None:
        absent["esv"] = "contours are there for one frame only; end-systole needs its own"
    compared = mask_findings(labels, volumes) if labels is not None else ()
    return volumes, (*volumes.findings, *compared, *_late_ed(volumes, drawn))


def _attempt(measure: Callable[[], Result], name: str, absent: dict[str, str]) -> Result | None:
    try:
        return measure()
    except MeasurementError as error:
        absent[name] = str(error)
        return None


def _tracked(
    placed: tuple[PlacedSlice, ...],
    stack: CineStack | None,
    drawn: ContourStack,
    ed_es: tuple[int, int],
    check_engine: bool,
    absent: dict[str, str],
) -> tuple[tuple[TrackedRing, ...], tuple[Finding, ...]]:
    """Track the slices where images and contours belong together in space and time."""
    if stack is None:
        absent["strain"] = "needs the cine images; only masks or contours were given"
        return (), ()
    ed_contour, es_contour = ed_es
    frames, drawn_frames = len(stack.slices[0].time_s), len(drawn.slices[0].endo)
    every = frames == drawn_frames and drawn_frames > 1
    if not every and ed_contour >= len(drawn.frame_numbers):
        absent["strain"] = (
            f"the cine has {frames} frames, contours are there for {drawn_frames} without saying which; state the "
            "frames of the contours"
        )
        return (), ()
    ed_image = ed_contour if every else drawn.frame_numbers[ed_contour]
    if not 0 <= ed_image < frames:
        absent["strain"] = f"contours name frame {ed_image + 1}, the cine has {frames}"
        return (), ()
    # Where the valve plane or the apex moves through a slice, the wall that is followed leaves it.
    staying = tuple(item for item in placed if _ring_at(item, es_contour))
    gone = [str(item.index + 1) for item in placed if item.level not in (None, "apex") and item not in staying]
    try:
        rings, found = track_rings(
            staying, stack, ed_contour=ed_contour, ed_image=ed_image, every_frame=every, check_engine=check_engine
        )
    except ResynchroError as error:
        absent["strain"] = str(error)
        return (), ()
    if gone:
        message = (
            f"slices {', '.join(gone)} have no ring of wall at end-systole (base or apex moved through them): not "
            "tracked"
        )
        found = (*found, Finding(code="slice-leaves-ventricle", message=message))
    return rings, found


def _ring_at(item: PlacedSlice, frame: int) -> bool:
    drawn = item.contours
    both = drawn.endo[frame] is not None and drawn.epi[frame] is not None
    return both and wall_share(drawn, frame) >= LEAST_WALL_SHARE


def _checks(rings: tuple[TrackedRing, ...], source: CineStack | ContourStack) -> tuple[StrainStudy, ...]:
    """Return circumferential and radial strain by the second engine; empty without it."""
    pairs = [
        (ring.placed.level, ring.check) for ring in rings if ring.placed.level is not None and ring.check is not None
    ]
    kinds: tuple[StrainType, ...] = ("circumferential", "radial") if pairs else ()
    return tuple(strain_study(pairs, strain_type=kind, file=source.file, sha256=source.sha256) for kind in kinds)


def _disagreement(rings: tuple[TrackedRing, ...]) -> SegmentMap:
    """Return the disagreement of the engines per segment; the larger one where two slices share a level."""
    values: dict[int, float] = {}
    for ring in rings:
        if ring.disagreement_pct is None or ring.placed.level is None:
            continue
        first = {"basal": 1, "mid": 7, "apical": 13}[ring.placed.level]
        for step, value in enumerate(ring.disagreement_pct):
            values[first + step] = max(float(value), values.get(first + step, 0.0))
    return SegmentMap(
        name="disagreement of two engines, circumferential strain",
        unit="%",
        method="root mean square over the beat, OpenCV DIS against the tracker",
        model="aha16",
        values=values,
    )


def _mean_rr_s(stack: CineStack | None) -> float | None:
    beats = [item.rr_s for item in stack.slices if item.rr_s is not None] if stack is not None else []
    return float(np.mean(beats)) if beats else None


def _rr_findings(stack: CineStack | None) -> list[Finding]:
    beats = [item.rr_s for item in stack.slices if item.rr_s is not None] if stack is not None else []
    if len(beats) < 2:
        return []
    spread = (max(beats) - min(beats)) / float(np.mean(beats))
    if spread <= _RR_SPREAD:
        return []
    message = (
        f"RR intervals of the slices are {1000 * min(beats):.0f} to {1000 * max(beats):.0f} ms ({100 * spread:.0f} % "
        "apart): times of different slices compare only after rescaling"
    )
    return [Finding(code="rr-spread", message=message)]


def _late_ed(volumes: LvVolumes, drawn: ContourStack) -> tuple[Finding, ...]:
    count = len(drawn.slices[0].endo)
    if count <= 2 or volumes.ed_frame in (0, count - 1, count - 2, 1):
        return ()
    message = (
        f"the largest volume is in frame {volumes.ed_frame + 1} of {count}, not at the R wave: check the trigger and "
        "the contours"
    )
    return (Finding(code="late-end-diastole", message=message),)


def _once(findings: list[Finding]) -> tuple[Finding, ...]:
    return tuple(dict.fromkeys(findings))
