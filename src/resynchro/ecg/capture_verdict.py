"""The verdict of a comparison: from shapes, rules and stimuli to one sentence with its reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from resynchro.ecg.capture_evidence import (
    CHEST_ALIKE,
    CHEST_EXPLAINED_BY_DISPLACEMENT,
    CLEARLY_NEARER,
    FUSION_HIGH,
    FUSION_LOW,
    FUSION_RESIDUAL,
    LARGEST_NOISE_SHARE,
    LIMB_ALIKE,
    SAME_QRS_MS,
    STILL_AMBIGUOUS,
    CaptureEvidence,
    noise_share,
)
from resynchro.ecg.similarity import Similarity

Verdict = Literal[
    "unchanged",
    "loss of LV capture likely",
    "loss of RV capture likely",
    "fusion",
    "pseudofusion",
    "unpaced",
    "changed, cause open",
    "not assessable",
]
_Step = tuple[Verdict, tuple[str, ...]] | None

#: What it means to look like a reference of one ventricle.
_LOSS: Mapping[str, Verdict] = {
    "rv-only": "loss of LV capture likely",
    "lv-only": "loss of RV capture likely",
}


def decide(evidence: CaptureEvidence) -> tuple[Verdict, tuple[str, ...]]:
    """Return the verdict with its reasons, the deciding one first.

    Parameters
    ----------
    evidence
        Similarities, rules and evidence of stimulation.

    Returns
    -------
    tuple
        Verdict, and sentences.

    Notes
    -----
    In order: can the ECG be judged; are the arm electrodes swapped; is it clearly another reference; is it
    the baseline; is it a mixture; what do the published rules say; otherwise the cause stays open.
    """
    for step in (_unusable, _swapped, _other_reference, _same_as_baseline, _mixture, _by_rules):
        found = step(evidence)
        if found is not None:
            verdict, reasons = found
            return verdict, reasons + _context(evidence, verdict)
    differs = f"differs from the {evidence.baseline.label} reference: {_numbers(evidence.to_baseline)}"
    reasons = (f"{differs}, QRS {evidence.qrs_change_ms:+.0f} ms",)
    return "changed, cause open", reasons + _context(evidence, "changed, cause open")


def _unusable(evidence: CaptureEvidence) -> _Step:
    for ecg in (evidence.baseline, evidence.follow_up):
        if not ecg.voltages_trusted:
            return "not assessable", (f"the voltages of {ecg.name} contradict each other (Einthoven's law)",)
        share = noise_share(ecg)
        if share > LARGEST_NOISE_SHARE:
            limit = f"limit {100 * LARGEST_NOISE_SHARE:.0f} %"
            return "not assessable", (f"noise of {ecg.name} is {100 * share:.0f} % of its QRS ({limit})",)
    return None


def _swapped(evidence: CaptureEvidence) -> _Step:
    for label, as_is in evidence.similarities.items():
        undone = evidence.arms_swapped[label]
        limb_leads_say_so = as_is.limb_correlation < LIMB_ALIKE <= undone.limb_correlation
        if limb_leads_say_so and as_is.precordial_correlation >= CHEST_ALIKE:
            return "not assessable", (
                "the arm electrodes look swapped: after exchanging them the limb leads correlate "
                f"{undone.limb_correlation:.2f} with the {label} reference instead of "
                f"{as_is.limb_correlation:.2f}, and the chest leads are the same "
                f"({as_is.precordial_correlation:.2f}); record again",
            )
    return None


def _other_reference(evidence: CaptureEvidence) -> _Step:
    if not evidence.to_others:
        return None
    nearest = evidence.to_others[0]
    if not evidence.fits(nearest) or evidence.relative_distance(nearest) > CLEARLY_NEARER:
        return None
    reason = (
        f"nearest to the {nearest.label} reference: {_numbers(nearest)}; correlation with "
        f"the {evidence.baseline.label} reference {evidence.to_baseline.correlation:.2f}"
    )
    if nearest.label == "intrinsic":
        return _intrinsic(evidence, reason)
    return _LOSS.get(nearest.label, "changed, cause open"), (reason,)


def _same_as_baseline(evidence: CaptureEvidence) -> _Step:
    same = evidence.to_baseline
    if same.limb_correlation < LIMB_ALIKE or abs(evidence.qrs_change_ms) > SAME_QRS_MS:
        return None
    limb = f"the limb leads are as in the {same.label} reference ({same.limb_correlation:.2f})"
    if same.precordial_correlation < CHEST_EXPLAINED_BY_DISPLACEMENT:
        return "changed, cause open", (
            f"{limb} but the chest leads are not ({same.precordial_correlation:.2f}): gross displacement or "
            "exchange of chest electrodes, or a change that only they show; check the electrodes",
        )
    for rival in evidence.to_others:
        if evidence.fits(rival) and evidence.relative_distance(rival) < STILL_AMBIGUOUS:
            return "not assessable", (
                f"the {same.label} reference ({_numbers(same)}) and the {rival.label} reference "
                f"({_numbers(rival)}) are too alike to tell which of them this is; test the thresholds",
            )
    if evidence.looks_displaced and evidence.rules_see_loss:
        return "changed, cause open", (
            f"{limb} and the chest leads differ ({same.precordial_correlation:.2f}), which "
            "displaced electrodes would explain, but a published rule sees loss of capture",
        )
    duration = f"QRS {evidence.qrs_change_ms:+.0f} ms"
    reasons = [f"same QRS as in the {same.label} reference: {_numbers(same)}, {duration}"]
    if evidence.looks_displaced:
        reasons.append(
            f"{limb} and the chest leads differ ({same.precordial_correlation:.2f}): displacement of chest "
            "electrodes possible"
        )
    return "unchanged", tuple(reasons)


def _mixture(evidence: CaptureEvidence) -> _Step:
    mix = evidence.fusion
    if mix is None or mix.paced_fraction is None or mix.residual is None or mix.residual > FUSION_RESIDUAL:
        return None
    # A template of one ventricle that leaves less over than the mixture is the simpler explanation.
    for single in evidence.to_others:
        left_over = (1.0 - single.correlation**2) ** 0.5 if single.correlation > 0.0 else 1.0
        if single.label in _LOSS and left_over < mix.residual:
            return None
    text = (
        f"{100 * mix.paced_fraction:.0f} % {evidence.baseline.label} and "
        f"{100 * (1 - mix.paced_fraction):.0f} % intrinsic QRS leave {100 * mix.residual:.0f} % unexplained"
    )
    if mix.paced_fraction < FUSION_LOW:
        return _intrinsic(evidence, text)
    return ("fusion", (text,)) if mix.paced_fraction <= FUSION_HIGH else None


def _intrinsic(evidence: CaptureEvidence, reason: str) -> _Step:
    """Name a QRS that is the patient's own: with stimuli pseudofusion, without unpaced."""
    if not evidence.stimuli_seen:
        return "unpaced", (reason, "no stimulus was seen")
    return "pseudofusion", (
        reason,
        "stimuli are seen, yet the QRS is the intrinsic one: stimulation into the patient's own QRS, or "
        "failure to capture; look where in the QRS the stimulus lies",
    )


def _by_rules(evidence: CaptureEvidence) -> _Step:
    """Use the published rules when no reference fits: they need a paced baseline with LV capture."""
    ganiere, before, after = evidence.ganiere, evidence.ammann_baseline, evidence.ammann
    if ganiere is None or before is None or after is None or not evidence.stimuli_seen:
        return None
    resynchronised = evidence.baseline.label == "biventricular" or (
        evidence.baseline.label == "reference" and before.capture == "LV capture"
    )
    if not resynchronised or evidence.to_baseline.limb_correlation >= LIMB_ALIKE:
        return None
    by_ganiere = f"Ganière 2013 says {ganiere.change}: {ganiere.reason}"
    by_ammann = f"Ammann 2005 says {after.capture}: {after.reason}"
    seconded = not ganiere.borderline or after.capture == "loss of LV capture"
    if ganiere.change == "loss of LV capture" and seconded:
        return "loss of LV capture likely", (by_ganiere, by_ammann)
    if ganiere.change == "loss of RV capture" and not ganiere.borderline:
        return "loss of RV capture likely", (by_ganiere, by_ammann)
    return None


def _context(evidence: CaptureEvidence, verdict: Verdict) -> tuple[str, ...]:
    """Return what a reader must know besides the deciding reason."""
    notes: list[str] = []
    open_cause = verdict == "changed, cause open"
    if not evidence.stimuli_seen and evidence.baseline.paced != "no evidence" and verdict != "unpaced":
        notes.append("no stimulus was seen, which does not exclude pacing (bipolar stimuli are small)")
        if open_cause and "intrinsic" not in evidence.similarities:
            notes.append("without an intrinsic reference it stays open whether the heart is paced at all")
    paced_baseline = evidence.ammann_baseline is not None
    if verdict == "unchanged" and paced_baseline and "rv-only" not in evidence.similarities:
        notes.append(
            "without an RV-only reference a loss of LV capture that changes the surface ECG little is not excluded"
        )
    if open_cause:
        if evidence.ganiere is not None:
            notes.append(f"Ganière 2013 says {evidence.ganiere.change}: {evidence.ganiere.reason}")
        if evidence.ammann is not None and evidence.stimuli_seen:
            notes.append(f"Ammann 2005 says {evidence.ammann.capture}: {evidence.ammann.reason}")
        wanted = ("intrinsic", "biventricular", "rv-only", "lv-only")
        missing = [label for label in wanted if label not in evidence.similarities]
        if missing:
            notes.append(f"reference recordings that would help: {', '.join(missing)}")
    return tuple(notes)


def _numbers(similarity: Similarity) -> str:
    return (
        f"correlation {similarity.correlation:.2f} (limb leads {similarity.limb_correlation:.2f}, chest "
        f"leads {similarity.precordial_correlation:.2f}), RMS difference "
        f"{similarity.rms_difference_mv:.2f} mV"
    )
