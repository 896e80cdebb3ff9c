"""What the verdict of a comparison looks at, with the limits that separate "the same" from "changed"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from resynchro.ecg.capture_rules import CaptureChangeReading, CaptureReading
from resynchro.ecg.fusion import FusionFraction
from resynchro.ecg.similarity import Similarity
from resynchro.ecg.template import EcgTemplate

# The limits were set with validation/ecg/electrode_shift.py; docs/compare-ecg.md holds the tables.

#: Limb leads alike: turning the frontal axis by 18° lowers this correlation to 0.95, more than breathing and
#: posture usually do (electrode displacement on the chest does not touch it).
LIMB_ALIKE = 0.95
#: Chest leads alike: below this, with the limb leads unchanged, displacement of chest electrodes is named.
CHEST_ALIKE = 0.90
#: Below this even displaced electrodes do not explain the chest leads: 2 cm of simulated displacement of all
#: six electrodes stay above it in nearly all ECGs.
CHEST_EXPLAINED_BY_DISPLACEMENT = 0.60
#: With all leads alike, a change of QRS duration beyond this is a change all the same [ms]: two standard
#: deviations of the difference of two measurements of a wide QRS, each with an error of 14 ms.
SAME_QRS_MS = 40.0
#: Another reference is accepted only if it fits clearly better than the baseline: distance (1 - correlation)
#: below this share of the baseline's.
CLEARLY_NEARER = 0.5
#: The baseline is accepted beside another fitting reference only if the other's distance is this many times
#: larger; in between the two cannot be told apart.
STILL_AMBIGUOUS = 1.5
#: A mixture explains the QRS when it leaves less than this share of it over (amplitude; 9 % of the energy).
FUSION_RESIDUAL = 0.30
#: Paced fraction below which the QRS counts as intrinsic, and above which as fully paced.
FUSION_LOW, FUSION_HIGH = 0.10, 0.80
#: Noise of the beat relative to its QRS (RMS) above which shapes are not compared.
LARGEST_NOISE_SHARE = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureEvidence:
    """Everything the verdict looks at.

    Attributes
    ----------
    baseline, follow_up
        The beat as it should be, and the new one.
    similarities
        Of the follow-up to every reference, by label.
    arms_swapped
        The same after exchanging the arm electrodes of the follow-up.
    fusion, ammann, ammann_baseline, ganiere
        See `resynchro.ecg.comparison.EcgComparison`.
    """

    baseline: EcgTemplate
    follow_up: EcgTemplate
    similarities: Mapping[str, Similarity]
    arms_swapped: Mapping[str, Similarity]
    fusion: FusionFraction | None
    ammann: CaptureReading | None
    ammann_baseline: CaptureReading | None
    ganiere: CaptureChangeReading | None

    @property
    def to_baseline(self) -> Similarity:
        """Likeness to the baseline."""
        return self.similarities[self.baseline.label]

    @property
    def to_others(self) -> tuple[Similarity, ...]:
        """Likeness to every reference but the baseline, the most similar first."""
        others = [s for label, s in self.similarities.items() if label != self.baseline.label]
        return tuple(sorted(others, key=lambda similarity: -similarity.correlation))

    @property
    def qrs_change_ms(self) -> float:
        """Change of the global QRS duration from the baseline [ms]."""
        return self.follow_up.qrs_ms - self.baseline.qrs_ms

    @property
    def stimuli_seen(self) -> bool:
        """Whether the follow-up shows stimuli, or the user said it is paced."""
        return self.follow_up.paced != "no evidence"

    @property
    def looks_displaced(self) -> bool:
        """Whether the limb leads are as in the baseline and the chest leads are not."""
        same = self.to_baseline
        return same.limb_correlation >= LIMB_ALIKE and same.precordial_correlation < CHEST_ALIKE

    @property
    def rules_see_loss(self) -> bool:
        """Whether Ammann's or Ganière's rule clearly sees a loss of capture since the baseline."""
        before, after = self.ammann_baseline, self.ammann
        by_ammann = (
            before is not None
            and after is not None
            and before.capture == "LV capture"
            and after.capture == "loss of LV capture"
            and not after.borderline
        )
        ganiere = self.ganiere
        by_ganiere = ganiere is not None and ganiere.change.startswith("loss") and not ganiere.borderline
        return by_ammann or by_ganiere

    def fits(self, similarity: Similarity) -> bool:
        """Tell whether a reference fits; chest electrodes may be displaced, so the limb leads decide."""
        return (
            similarity.limb_correlation >= LIMB_ALIKE
            and similarity.precordial_correlation >= CHEST_EXPLAINED_BY_DISPLACEMENT
        )

    def relative_distance(self, other: Similarity) -> float:
        """Return the distance (1 - correlation) to another reference relative to that to the baseline."""
        return (1.0 - other.correlation) / max(1.0 - self.to_baseline.correlation, 1e-9)


def noise_share(ecg: EcgTemplate) -> float:
    """Return the noise of a beat relative to its QRS, over twelve leads (RMS by RMS)."""
    first, last = ecg.beat.sample(ecg.limits.onset_ms), ecg.beat.sample(ecg.limits.end_ms)
    qrs_mv = ecg.zeroed_mv[:, first : last + 1]
    size = float((qrs_mv**2).mean()) ** 0.5
    noise = float((ecg.beat.noise_mv**2).mean()) ** 0.5
    return noise / size if size > 0.0 else float("inf")
