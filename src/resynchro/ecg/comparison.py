"""Comparison of a follow-up ECG with the patient's reference ECGs: has resynchronisation been lost?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from resynchro.ecg.axis import axis_difference_deg
from resynchro.ecg.capture_evidence import CaptureEvidence
from resynchro.ecg.capture_rules import (
    CaptureChangeReading,
    CaptureReading,
    capture_ammann_2005,
    capture_change_ganiere_2013,
)
from resynchro.ecg.capture_verdict import Verdict, decide
from resynchro.ecg.electrode_shift import swapped_arms
from resynchro.ecg.fusion import FusionFraction, fusion_fraction
from resynchro.ecg.similarity import Similarity, compare_shapes
from resynchro.ecg.template import EcgTemplate, TemplateLabel, ecg_template
from resynchro.ecg.vectorcardiogram import angle_between_deg
from resynchro.errors import InputError

ChangeName = Literal["QRS duration", "frontal axis", "QRS area", "area vector", "area vector angle"]

#: Least noise of a difference of two QRS durations [ms]: human readers differ by 15 ± 10 ms on CRT patients,
#: a good algorithm errs by 12 ± 10 ms (Curtin 2018, doi:10.1109/JTEHM.2018.2844195).
QRS_NOISE_MS = 15.0
#: Least noise of a difference of frontal axes [degree]: electrode placement and posture, our estimate.
AXIS_NOISE_DEG = 15.0
#: Noise of a QRS area: 10 ms at either limit moves it by up to 1.9 µVs (measured on LUDB) ...
AREA_LIMIT_NOISE_UVS = 1.9
#: ... and day-to-day amplitude by about a tenth (our estimate, as for the frontal axis).
AREA_NOISE_SHARE = 0.10

_PACED_LABELS: frozenset[TemplateLabel] = frozenset({"biventricular", "rv-only", "lv-only"})
#: Which reference the follow-up is held against: the one that shows the therapy as wanted.
_BASELINE_ORDER: tuple[TemplateLabel, ...] = ("biventricular", "reference", "lv-only", "rv-only", "intrinsic")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Change of one measurement between the baseline and the follow-up.

    Attributes
    ----------
    name, unit
        What changed, and its unit.
    reference, follow_up
        The two values; None where there is none (an indeterminate axis) or the change is that of a vector.
    change
        Follow-up minus reference; for the vector the length or the angle of the difference.
    noise
        Change that measurement alone explains.
    """

    name: ChangeName
    unit: str
    reference: float | None
    follow_up: float | None
    change: float | None
    noise: float

    @property
    def is_beyond_noise(self) -> bool:
        """Whether the change is larger than measurement alone explains."""
        return self.change is not None and abs(self.change) > self.noise


@dataclass(frozen=True, slots=True, kw_only=True)
class EcgComparison:
    """A follow-up held against all references of a patient.

    Attributes
    ----------
    verdict
        ``unchanged``, ``loss of LV capture likely``, ``loss of RV capture likely``, ``fusion``,
        ``pseudofusion``, ``unpaced``, ``changed, cause open`` or ``not assessable``.
    reasons
        Why, in words and numbers, the deciding one first.
    baseline
        Label of the reference that shows the therapy as wanted; all changes count from it.
    similarities
        One per reference, the most similar first.
    changes
        Of QRS duration, axis, QRS area and area vector.
    ammann
        Ammann's rule on the follow-up; None unless a paced reference exists.
    ammann_baseline
        The same on the baseline.
    ganiere
        Ganière's rule on the change from the baseline; None unless a paced reference exists.
    fusion
        Mixture of baseline and intrinsic reference; None unless both exist.
    electrode_displacement_possible
        True when the limb leads are unchanged and the chest leads are not.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    baseline: TemplateLabel
    similarities: tuple[Similarity, ...]
    changes: tuple[Change, ...]
    ammann: CaptureReading | None
    ammann_baseline: CaptureReading | None
    ganiere: CaptureChangeReading | None
    fusion: FusionFraction | None
    electrode_displacement_possible: bool

    @property
    def nearest(self) -> Similarity:
        """The most similar reference."""
        return self.similarities[0]


def compare_ecg(
    follow_up: EcgTemplate, references: Mapping[TemplateLabel, EcgTemplate] | Sequence[EcgTemplate]
) -> EcgComparison:
    """Compare a follow-up ECG with the patient's reference ECGs.

    Parameters
    ----------
    follow_up
        The new beat; its label is not looked at, its evidence of stimulation is.
    references
        Templates by label, at most one of each. One reference of unknown programming (``reference``) is
        enough; intrinsic, biventricular, RV-only and LV-only recordings of the same patient say much more.

    Returns
    -------
    EcgComparison
        Verdict with its reasons and every number behind it.

    Raises
    ------
    InputError
        Without any reference, or with two of one label.

    Notes
    -----
    The verdict's limits were set on simulated electrode displacement and synthetic changes of capture, since
    no open set of biventricular and RV-only ECGs is known; see docs/compare-ecg.md. It cannot see LV
    stimulation that captures little muscle, nor anode capture, nor what happens between two recordings.
    """
    known = _by_label(references)
    baseline = next(known[label] for label in _BASELINE_ORDER if label in known)
    compared = [compare_shapes(follow_up, template) for template in known.values()]
    similarities = tuple(sorted(compared, key=lambda similarity: -similarity.correlation))
    paced_baseline = baseline.paced != "no evidence" or baseline.label in _PACED_LABELS
    ammann = capture_ammann_2005(follow_up) if paced_baseline else None
    ammann_baseline = capture_ammann_2005(baseline) if paced_baseline else None
    ganiere = capture_change_ganiere_2013(baseline, follow_up) if paced_baseline else None
    intrinsic = known.get("intrinsic")
    fusion = (
        fusion_fraction(follow_up, baseline, intrinsic) if intrinsic is not None and baseline is not intrinsic else None
    )
    swapped = _with_arms_swapped(follow_up)
    evidence = CaptureEvidence(
        baseline=baseline,
        follow_up=follow_up,
        similarities={s.label: s for s in similarities},
        arms_swapped={label: compare_shapes(swapped, template) for label, template in known.items()},
        fusion=fusion,
        ammann=ammann,
        ammann_baseline=ammann_baseline,
        ganiere=ganiere,
    )
    verdict, reasons = decide(evidence)
    return EcgComparison(
        verdict=verdict,
        reasons=reasons,
        baseline=baseline.label,
        similarities=similarities,
        changes=changes_between(baseline, follow_up),
        ammann=ammann,
        ammann_baseline=ammann_baseline,
        ganiere=ganiere,
        fusion=fusion,
        electrode_displacement_possible=evidence.looks_displaced,
    )


def changes_between(reference: EcgTemplate, follow_up: EcgTemplate) -> tuple[Change, ...]:
    """Return the changes of duration, axis, area and area vector, each with its noise.

    Parameters
    ----------
    reference, follow_up
        The two beats.

    Returns
    -------
    tuple of Change
        QRS duration, frontal axis, QRS area, length and angle of the change of the area vector.
    """
    before_uvs, after_uvs = reference.area.magnitude_uvs, follow_up.area.magnitude_uvs
    one_area_noise_uvs = math.hypot(AREA_LIMIT_NOISE_UVS, AREA_NOISE_SHARE * max(before_uvs, after_uvs))
    area_noise_uvs = math.sqrt(2.0) * one_area_noise_uvs
    qrs_noise_ms = max(math.hypot(_half_width_ms(reference), _half_width_ms(follow_up)), QRS_NOISE_MS)
    axis_change_deg = (
        None
        if reference.axis_deg is None or follow_up.axis_deg is None
        else axis_difference_deg(reference.axis_deg, follow_up.axis_deg)
    )
    vector_change_uvs = float(np.linalg.norm(follow_up.area_vector_uvs - reference.area_vector_uvs))
    # A vector whose tip may lie anywhere within the noise points anywhere within this angle.
    smaller_uvs = max(min(before_uvs, after_uvs), 1e-9)
    angle_noise_deg = max(math.degrees(math.asin(min(1.0, area_noise_uvs / smaller_uvs))), AXIS_NOISE_DEG)
    return (
        Change(
            name="QRS duration",
            unit="ms",
            reference=reference.qrs_ms,
            follow_up=follow_up.qrs_ms,
            change=follow_up.qrs_ms - reference.qrs_ms,
            noise=qrs_noise_ms,
        ),
        Change(
            name="frontal axis",
            unit="degree",
            reference=reference.axis_deg,
            follow_up=follow_up.axis_deg,
            change=axis_change_deg,
            noise=AXIS_NOISE_DEG,
        ),
        Change(
            name="QRS area",
            unit="µVs",
            reference=before_uvs,
            follow_up=after_uvs,
            change=after_uvs - before_uvs,
            noise=area_noise_uvs,
        ),
        Change(
            name="area vector",
            unit="µVs",
            reference=None,
            follow_up=None,
            change=vector_change_uvs,
            noise=area_noise_uvs,
        ),
        Change(
            name="area vector angle",
            unit="degree",
            reference=None,
            follow_up=None,
            change=angle_between_deg(reference.area_vector_uvs, follow_up.area_vector_uvs),
            noise=angle_noise_deg,
        ),
    )


def _by_label(
    references: Mapping[TemplateLabel, EcgTemplate] | Sequence[EcgTemplate],
) -> dict[TemplateLabel, EcgTemplate]:
    templates = list(references.values()) if isinstance(references, Mapping) else list(references)
    known: dict[TemplateLabel, EcgTemplate] = {}
    for template in templates:
        if template.label in known:
            raise InputError(
                f"Two reference ECGs are labelled {template.label!r} ({known[template.label].name}, "
                f"{template.name}); one of each label is allowed: drop the older one."
            )
        known[template.label] = template
    if not known:
        raise InputError(
            "No reference ECG was given; at least one is needed to compare a follow-up with: the ECG at "
            "discharge, or better intrinsic, biventricular, RV-only and LV-only recordings."
        )
    return known


def _half_width_ms(template: EcgTemplate) -> float:
    low_ms, high_ms = template.limits.duration_interval_ms
    return (high_ms - low_ms) / 2.0


def _with_arms_swapped(template: EcgTemplate) -> EcgTemplate:
    beat = replace(template.beat, signal_mv=swapped_arms(template.beat.signal_mv))
    return ecg_template(template.label, beat, template.limits, name=template.name, paced=template.paced)
