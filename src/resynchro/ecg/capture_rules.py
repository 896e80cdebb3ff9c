"""Published rules that read ventricular capture from the surface ECG: Ammann 2005 and Ganière 2013.

Neither is a diagnosis. Ammann's rule looks at one ECG and was made for right ventricular leads in the apex;
Ganière's compares two ECGs of one patient. The widths of the borderline zones below are ours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from resynchro.ecg.lead_waves import LeadWaves
from resynchro.ecg.template import EcgTemplate

#: R and S closer than this share of their sum are called borderline. Ours: 10 % is about the beat-to-beat and
#: day-to-day change of a wave's amplitude (breathing, posture), and turns an R/S between 0.82 and 1.22
#: borderline.
BORDERLINE_SHARE = 0.10
#: Smaller changes of the QRS width in the limb leads are no change [ms]. Ours: human readers differ by 15 ±
#: 10 ms and a good algorithm by 12 ± 10 ms on CRT patients (Curtin 2018); 10 ms lets a real widening of one
#: small square show.
LIMB_WIDTH_NOISE_MS = 10.0
#: Smaller changes of the negative share of lead I are no change. Ours: the same 10 % of amplitude.
NEGATIVITY_NOISE = 0.10

Capture = Literal["LV capture", "loss of LV capture", "not assessable"]
CaptureChange = Literal[
    "loss of LV capture",
    "loss of RV capture",
    "gain of LV capture",
    "gain of RV capture",
    "no change",
    "not assessable",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedPerformance:
    """How well a rule did where it was published.

    Attributes
    ----------
    text
        Performance and population in words.
    source, doi
        Where it was read.
    reading
        How well the source was read.
    """

    text: str
    source: str
    doi: str
    reading: str


AMMANN_2005 = PublishedPerformance(
    text=(
        "54 patients with LBBB and the right ventricular lead in the apex: sensitivity 94 % (88.2 to 97.7) "
        "and specificity 93 % (86.3 to 95.8) for loss of LV capture, likelihood ratios 12.8 and 0.06. Later, "
        "422 ECGs of 53 patients at 8 settings: accuracy 69.1 % (Cao 2015, doi:10.1111/jce.12527); 22 of 40 "
        "patients had a Q in lead I or an R in V1 with RV pacing alone (Cooper 2014)"
    ),
    source="Ammann P et al. Ann Intern Med 2005;142:968-973",
    doi="10.7326/0003-4819-142-12_part_1-200506210-00006",
    reading="abstract read; rule from a secondary description",
)
GANIERE_2013 = PublishedPerformance(
    text=(
        "126 patients, ECGs during biventricular, RV and LV pacing: 88 % of all changes of capture named "
        "correctly; loss of LV capture: sensitivity 94 %, specificity 96 %, accuracy 96 %; not affected by "
        "the place of the leads"
    ),
    source="Ganière V et al. Europace 2013;15:376-381",
    doi="10.1093/europace/eus313",
    reading="abstract read; how the paper measures width and negativity is not known to us in numbers",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureReading:
    """What a rule on one ECG says.

    Attributes
    ----------
    capture
        The rule's answer.
    borderline
        True when the deciding R and S differ by less than `BORDERLINE_SHARE` of their sum.
    r_to_s_v1, r_to_s_i
        Ratios of the largest positive to the largest negative deflection; infinite without a negative one,
        None when the lead has no wave.
    reason
        The steps taken, in words and numbers.
    published
        The rule's published performance.
    """

    capture: Capture
    borderline: bool
    r_to_s_v1: float | None
    r_to_s_i: float | None
    reason: str
    published: PublishedPerformance


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureChangeReading:
    """What a rule on the change between two ECGs says.

    Attributes
    ----------
    change
        The rule's answer.
    borderline
        True when a deciding change is smaller than twice its noise.
    limb_width_change_ms
        Follow-up minus reference [ms].
    negativity_change
        Change of the negative share of lead I, from -1 to 1; positive when lead I became more negative.
    reason
        The steps taken, in words and numbers.
    published
        The rule's published performance.
    """

    change: CaptureChange
    borderline: bool
    limb_width_change_ms: float | None
    negativity_change: float | None
    reason: str
    published: PublishedPerformance


def capture_ammann_2005(ecg: EcgTemplate) -> CaptureReading:
    """Judge left ventricular capture from R/S in V1 and in lead I.

    Parameters
    ----------
    ecg
        A paced beat.

    Returns
    -------
    CaptureReading
        V1 R/S ≥ 1: LV capture. Otherwise lead I R/S ≤ 1: LV capture. Otherwise loss of LV capture.

    Notes
    -----
    S stands for the largest negative deflection of the lead, so a Q or QS counts too: our reading. Made for
    patients with LBBB and the right ventricular lead in the apex; means nothing for an unpaced beat.

    References
    ----------
    Ammann P et al. Ann Intern Med 2005;142:968-973.
    https://doi.org/10.7326/0003-4819-142-12_part_1-200506210-00006
    """
    v1, i = _positive_negative_mv(ecg.lead_waves("V1")), _positive_negative_mv(ecg.lead_waves("I"))
    if not ecg.voltages_trusted or v1 is None or i is None:
        return CaptureReading(
            capture="not assessable",
            borderline=False,
            r_to_s_v1=_ratio(v1),
            r_to_s_i=_ratio(i),
            reason="V1 or lead I has no wave above the noise, or its voltage cannot be trusted",
            published=AMMANN_2005,
        )
    first = f"V1 R/S {_ratio_text(v1)} ({v1[0]:.2f}/{v1[1]:.2f} mV)"
    second = f"lead I R/S {_ratio_text(i)} ({i[0]:.2f}/{i[1]:.2f} mV)"
    if v1[0] >= v1[1]:
        # A borderline V1 only matters if lead I would decide otherwise.
        capture: Capture = "LV capture"
        borderline = _is_close(v1) and i[0] > i[1]
        reason = f"{first} is 1 or more"
    elif i[0] <= i[1]:
        capture = "LV capture"
        borderline = _is_close(i) and not _is_close(v1)
        reason = f"{first} is below 1, and {second} is 1 or less"
    else:
        capture = "loss of LV capture"
        borderline = _is_close(v1) or _is_close(i)
        reason = f"{first} is below 1, and {second} is above 1"
    return CaptureReading(
        capture=capture,
        borderline=borderline,
        r_to_s_v1=_ratio(v1),
        r_to_s_i=_ratio(i),
        reason=reason + ("; the deciding R and S are almost equal: borderline" if borderline else ""),
        published=AMMANN_2005,
    )


def capture_change_ganiere_2013(reference: EcgTemplate, follow_up: EcgTemplate) -> CaptureChangeReading:
    """Name the ventricle whose capture was lost or gained, from QRS width in the limb leads and lead I.

    Parameters
    ----------
    reference, follow_up
        Two paced beats of one patient, in order of time.

    Returns
    -------
    CaptureChangeReading
        Wider in the limb leads: capture was lost; the left one if lead I became less negative, the right one
        if more. Narrower: capture was gained; the left one if lead I became more negative, the right one if
        less.

    Notes
    -----
    Both beats are taken to be paced: biventricular, RV alone or LV alone. The paper's own way of measuring is
    not known to us in numbers; ours are the width between the second-earliest onset and the second-latest
    end of the limb leads and N / (P + N) of lead I with P and N its largest positive and negative deflection.

    References
    ----------
    Ganière V et al. Europace 2013;15:376-381. https://doi.org/10.1093/europace/eus313
    """
    before, after = (_positive_negative_mv(ecg.lead_waves("I")) for ecg in (reference, follow_up))
    width_ms = follow_up.limb_qrs_ms - reference.limb_qrs_ms
    if before is None or after is None or not (reference.voltages_trusted and follow_up.voltages_trusted):
        return CaptureChangeReading(
            change="not assessable",
            borderline=False,
            limb_width_change_ms=width_ms,
            negativity_change=None,
            reason="lead I has no wave above the noise, or voltages cannot be trusted",
            published=GANIERE_2013,
        )
    negativity = after[1] / sum(after) - before[1] / sum(before)
    width_text = f"QRS width in the limb leads changed by {width_ms:+.0f} ms"
    lead_i_text = f"the negative share of lead I from {before[1] / sum(before):.2f} to {after[1] / sum(after):.2f}"
    change = _named_change(width_ms, negativity)
    borderline = change != "no change" and (
        abs(width_ms) < 2 * LIMB_WIDTH_NOISE_MS or abs(negativity) < 2 * NEGATIVITY_NOISE
    )
    limits = f" (no change below {LIMB_WIDTH_NOISE_MS:.0f} ms and {NEGATIVITY_NOISE:.2f})"
    return CaptureChangeReading(
        change=change,
        borderline=borderline,
        limb_width_change_ms=width_ms,
        negativity_change=negativity,
        reason=f"{width_text} and {lead_i_text}" + (limits if change == "no change" else ""),
        published=GANIERE_2013,
    )


def negative_share(waves: LeadWaves) -> float | None:
    """Return the largest negative deflection of a lead relative to the sum of both; None without waves."""
    pair = _positive_negative_mv(waves)
    return None if pair is None else pair[1] / sum(pair)


def _named_change(width_ms: float, negativity: float) -> CaptureChange:
    if abs(width_ms) < LIMB_WIDTH_NOISE_MS or abs(negativity) < NEGATIVITY_NOISE:
        return "no change"
    if width_ms > 0:
        return "loss of RV capture" if negativity > 0 else "loss of LV capture"
    return "gain of LV capture" if negativity > 0 else "gain of RV capture"


def _positive_negative_mv(waves: LeadWaves) -> tuple[float, float] | None:
    """Return the largest positive and the largest negative deflection as positive numbers [mV]."""
    if not waves.waves:
        return None
    positive = max((wave.amplitude_mv for wave in waves.waves), default=0.0)
    negative = max((-wave.amplitude_mv for wave in waves.waves), default=0.0)
    return max(positive, 0.0), max(negative, 0.0)


def _is_close(pair: tuple[float, float]) -> bool:
    return abs(pair[0] - pair[1]) <= BORDERLINE_SHARE * sum(pair)


def _ratio(pair: tuple[float, float] | None) -> float | None:
    if pair is None:
        return None
    return math.inf if pair[1] == 0.0 else pair[0] / pair[1]


def _ratio_text(pair: tuple[float, float]) -> str:
    return "without S" if pair[1] == 0.0 else f"{pair[0] / pair[1]:.2f}"
