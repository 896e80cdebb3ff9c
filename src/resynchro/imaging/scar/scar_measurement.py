"""Scar of one late-enhancement examination: every rule side by side, the gate, transmurality per segment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError
from resynchro.imaging.scar.posterolateral_scar import PosterolateralScar, posterolateral_scar
from resynchro.imaging.scar.remote_myocardium import RemoteSector
from resynchro.imaging.scar.scar_gate import ScarGate, scar_gate
from resynchro.imaging.scar.scar_intensities import Scales, enhanced_slices, examination_scale, sector_as_stored
from resynchro.imaging.scar.scar_rules import EnhancedSlice, raw_refusal, rule_thresholds, scar_by_rule
from resynchro.imaging.scar.scar_segments import ChordedSlice, all_chords_pct, chorded, segment_scar
from resynchro.imaging.scar.scar_slices import AnteriorInsertion, MaskedSlice, masked_slices
from resynchro.imaging.scar.scar_thresholds import DEFAULT_RULE, SCAR_RULES, ScarRule
from resynchro.imaging.scar.slice_intensity import rescaled_slice_by_slice
from resynchro.imaging.scar.transmurality import class_shares_pct
from resynchro.record.finding import Finding
from resynchro.record.scar import ScarMap
from resynchro.record.segments import AngleRule, SegmentModel, segments_of
from resynchro.record.slices import CineStack, LabelStack

BoolArray = NDArray[np.bool_]
#: A labelled scar above this share of the wall may be a swapped label [%].
_SUSPICIOUS_PCT = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScarSlice:
    """What was found in one slice.

    Attributes
    ----------
    masked
        Geometry, masks, image as stored, frame and level.
    scar
        Scar by the rule that counts, after the gate, shape (rows, columns), read-only.
    scar_pct_by_rule
        Share of the slice's wall that is scar, by rule, before the gate [%].
    thresholds
        Threshold by rule, in the intensities of the stored image.
    remote
        Remote sector, in the intensities of the stored image; None without image.
    """

    masked: MaskedSlice
    scar: BoolArray
    scar_pct_by_rule: Mapping[str, float] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    remote: RemoteSector | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScarMeasurement:
    """Scar of one examination with all that it rests on.

    Attributes
    ----------
    scar_map
        Scar per segment, share of the ventricle's wall, by rule.
    slices
        In order of position; empty for maps given per segment.
    gate
        None without images.
    scales
        ``as_stored``, ``matched`` or ``each``; None without images.
    refused
        Reason by rule for those that cannot be used on these images.
    chord_classes_pct
        Share of all chords by class of transmurality [%]; known without insertions too.
    posterolateral
        The flag and its source.
    """

    scar_map: ScarMap
    slices: tuple[ScarSlice, ...] = ()
    gate: ScarGate | None = None
    scales: str | None = None
    refused: Mapping[str, str] = field(default_factory=dict)
    chord_classes_pct: Mapping[str, float] = field(default_factory=dict)
    posterolateral: PosterolateralScar


def given_scar(scar_map: ScarMap) -> ScarMeasurement:
    """Return the measurement that a map given per segment stands for."""
    return ScarMeasurement(scar_map=scar_map, posterolateral=posterolateral_scar(scar_map))


def scar_from_labels(
    labels: LabelStack,
    *,
    model: SegmentModel = "aha17",
    angle_rule: AngleRule = "rigid60",
    anterior_insertion: AnteriorInsertion | None = None,
) -> ScarMeasurement:
    """Measure scar from labels alone: scar and no-reflow count as scar.

    Parameters
    ----------
    labels
        With labels for cavity, myocardium and scar.
    model, angle_rule
        Segments.
    anterior_insertion
        Where the right ventricle meets the septum in front: one angle on the screen, counter-clockwise from the right
        [deg], or (row, column) by number of the slice, counted from 0. Needed when the labels hold no right ventricle.

    Returns
    -------
    ScarMeasurement
        Without insertions the share of the wall and the classes of all chords are there, the segments are absent.

    Raises
    ------
    InputError
        When there is no scar label, no wall or no cavity, or labels are swapped.
    """
    if labels.convention.scar is None:
        raise InputError(
            f"the label map {labels.convention.name!r} has no scar; give the image too, or a map with scar, for "
            "example cavity=1,myocardium=2,scar=3"
        )
    masked, reason, findings = masked_slices(labels, None, anterior_insertion)
    scars = [item.labelled_scar for item in masked if item.labelled_scar is not None]
    scar_pct = _pct_of_wall(masked, scars)
    if scar_pct > _SUSPICIOUS_PCT:
        findings.append(
            Finding(
                code="mostly-scar",
                message=f"{scar_pct:.0f} % of the wall is labelled scar: are scar and myocardium swapped?",
            )
        )
    return _measurement(
        labels,
        masked,
        scars,
        reason,
        findings,
        model=model,
        angle_rule=angle_rule,
        method="labels",
        present=scar_pct > 0.0,
        source=labels.file,
    )


def measure_scar(
    images: CineStack,
    labels: LabelStack,
    *,
    rule: ScarRule = DEFAULT_RULE,
    model: SegmentModel = "aha17",
    angle_rule: AngleRule = "rigid60",
    anterior_insertion: AnteriorInsertion | None = None,
    remote_deg: float | None = None,
    scales: Scales = "auto",
) -> ScarMeasurement:
    """Measure scar from late-enhancement images with masks of wall and cavity.

    Parameters
    ----------
    images
        Still images.
    labels
        On the same planes and grid; slices without wall are left out.
    rule
        The rule that counts; all others are measured beside it.
    model, angle_rule, anterior_insertion
        As for `scar_from_labels`.
    remote_deg
        Middle of the remote sector on the screen, counter-clockwise from the right, for all slices [deg]; None to find
        it in every slice.
    scales
        Whether the intensities of the slices may be compared.

    Returns
    -------
    ScarMeasurement
        When the gate finds no scar, the result is none: 0 % and zero transmurality, with the shares by rule beside it.

    Raises
    ------
    InputError
        When images and masks do not belong together, the masks cannot be used, or the rule is refused on these images.
    MeasurementError
        When a wall is too thin for a remote sector or shows no contrast.

    References
    ----------
    Rules, gate and matching: docs/scar.md. Bias of the rules in patients: PMC4855857.
    """
    if rule not in SCAR_RULES:
        raise InputError(f"unknown rule {rule!r}; allowed are {', '.join(SCAR_RULES)}")
    masked, reason, findings = masked_slices(labels, images, anterior_insertion)
    stored = [item.image for item in masked if item.image is not None]
    hearts = [item.wall | item.cavity for item in masked]
    rescaled = rescaled_slice_by_slice(stored)
    scale, used = examination_scale(stored, hearts, scales, rescaled, findings)
    enhanced = enhanced_slices(masked, stored, scale, remote_deg, pooled=used != "each")
    thresholds, refused = rule_thresholds(
        enhanced, pooled=used != "each", raw_refused=raw_refusal(stored, hearts, rescaled=rescaled)
    )
    if rule in refused:
        raise InputError(f"{rule} cannot be used: {refused[rule]}; use {DEFAULT_RULE} (the default)")
    by_rule = {
        name: [scar_by_rule(item, float(level), name) for item, level in zip(enhanced, levels, strict=True)]
        for name, levels in thresholds.items()
    }
    gate = scar_gate(enhanced)
    findings += _gate_findings(gate, len(masked))
    scars = by_rule[rule] if gate.present else [np.zeros_like(item.wall) for item in masked]
    result = _measurement(
        labels,
        masked,
        scars,
        reason,
        findings,
        model=model,
        angle_rule=angle_rule,
        method=rule,
        present=gate.present,
        source=images.file,
        by_rule=by_rule,
    )
    slices = tuple(
        _detailed(
            item,
            {name: masks[place] for name, masks in by_rule.items()},
            {name: float(levels[place]) for name, levels in thresholds.items()},
            enhanced[place],
            float(scale.gain[place]),
            float(scale.offset[place]),
        )
        for place, item in enumerate(result.slices)
    )
    return replace(result, slices=slices, gate=gate, scales=used, refused=refused)


def _detailed(
    item: ScarSlice,
    by_rule: Mapping[str, BoolArray],
    thresholds: Mapping[str, float],
    enhanced: EnhancedSlice,
    gain: float,
    offset: float,
) -> ScarSlice:
    """Add shares, thresholds and the remote sector to a slice, in the intensities of the stored image."""
    return replace(
        item,
        scar_pct_by_rule={name: _pct_of_wall([item.masked], [mask]) for name, mask in by_rule.items()},
        thresholds={name: (level - offset) / gain for name, level in thresholds.items()},
        remote=sector_as_stored(enhanced.remote, gain, offset),
    )


def _gate_findings(gate: ScarGate, count: int) -> list[Finding]:
    findings = []
    if not gate.present:
        findings.append(
            Finding(
                code="no-scar",
                message=(
                    f"no scar: the largest bright island in two neighbouring slices is {gate.island_pct:.1f} % of the "
                    f"wall of a slice, below {gate.limit_pct:.0f} %; what the rules would call scar stands beside it"
                ),
            )
        )
    if count == 1:
        findings.append(
            Finding(
                code="one-slice",
                message="one slice only: whether there is scar at all was decided on it alone, which is unreliable",
            )
        )
    return findings


def _pct_of_wall(masked: Sequence[MaskedSlice], scars: Sequence[BoolArray]) -> float:
    """Return scar over wall [%], slices weighted by the area of their pixels."""
    area = np.array([item.geometry.pixel_area_mm2 for item in masked])
    scar = np.array([float((mask & item.wall).sum()) for item, mask in zip(masked, scars, strict=True)])
    wall = np.array([float(item.wall.sum()) for item in masked])
    return 100.0 * float((scar * area).sum() / (wall * area).sum())


def _measurement(
    labels: LabelStack,
    masked: Sequence[MaskedSlice],
    scars: Sequence[BoolArray],
    reason: str | None,
    findings: list[Finding],
    *,
    model: SegmentModel,
    angle_rule: AngleRule,
    method: str,
    present: bool,
    source: str,
    by_rule: Mapping[str, Sequence[BoolArray]] | None = None,
) -> ScarMeasurement:
    slices: list[ChordedSlice] = [chorded(item, model=model, angle_rule=angle_rule) for item in masked]
    rules = by_rule or {}
    if reason is None:
        segments, absent = segment_scar(slices, scars, rules, model=model)
    else:
        segments, absent = {}, dict.fromkeys(segments_of(model), reason)
    shares = {str(name): _pct_of_wall(masked, masks) for name, masks in rules.items()}
    if any(item.chords is not None and item.chords.radial for item in slices):
        findings.append(
            Finding(
                code="radial-chords",
                message="in some slices chords of equal arc length would have crossed; rays from the centre were used",
            )
        )
    scar_map = ScarMap(
        model=model,
        segments=segments,
        method=method,
        source=source,
        absent=absent,
        scar_present=present,
        scar_pct_lvm=_pct_of_wall(masked, scars),
        by_rule_pct_lvm=shares,
        findings=(*labels.findings, *findings),
    )
    for mask in scars:
        mask.setflags(write=False)
    return ScarMeasurement(
        scar_map=scar_map,
        slices=tuple(ScarSlice(masked=item, scar=mask) for item, mask in zip(masked, scars, strict=True)),
        chord_classes_pct=class_shares_pct(all_chords_pct(slices, scars)),
        posterolateral=posterolateral_scar(scar_map),
    )
