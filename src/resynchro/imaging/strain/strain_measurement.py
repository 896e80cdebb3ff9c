"""Everything that the strain curves of one examination tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from resynchro.errors import MeasurementError
from resynchro.imaging.strain.beat_alignment import Rescale
from resynchro.imaging.strain.cross_correlation import Reference
from resynchro.imaging.strain.delay_indices import delay_indices
from resynchro.imaging.strain.discoordination import discoordination_indices
from resynchro.imaging.strain.doppler_times import DopplerTimes
from resynchro.imaging.strain.prospect import prospect_twelve
from resynchro.imaging.strain.regional_volumes import absent_sdi_volume
from resynchro.imaging.strain.segment_delay import SegmentDelay, segment_delays
from resynchro.imaging.strain.strain_curves import curves_from_study, study_with_events
from resynchro.imaging.strain.strain_quality import QualityItem, strain_quality
from resynchro.imaging.strain.time_to_peak import SegmentPeak, segment_peaks
from resynchro.imaging.strain.timing_indices import peak_indices
from resynchro.record.finding import Finding
from resynchro.record.index_value import IndexValue
from resynchro.record.strain import CardiacEvents, SegmentCurves, StrainStudy

#: Seed of the noise floors when no generator is given, so that the same file gives the same numbers.
_SEED = 20_240


@dataclass(frozen=True, slots=True, kw_only=True)
class StrainMeasurement:
    """The measured strain examination.

    Attributes
    ----------
    study
        What was measured, unchanged.
    curves
        All segments on one time base.
    delays
        Cross-correlation delay of every segment; empty when they could not be measured.
    peaks
        Time to peak over the beat of every segment; empty when they could not be measured.
    indices
        Timing first, then discoordination and stretch; each has a value or says why not.
    prospect
        The twelve parameters of PROSPECT; show `resynchro.imaging.strain.prospect.PROSPECT_CAVEAT` below them.
    quality
        What the data carry.
    findings
        Remarks on reading and on bringing the views together.
    """

    study: StrainStudy
    curves: SegmentCurves
    delays: tuple[SegmentDelay, ...]
    peaks: tuple[SegmentPeak, ...]
    indices: tuple[IndexValue, ...]
    prospect: tuple[IndexValue, ...]
    quality: tuple[QualityItem, ...]
    findings: tuple[Finding, ...]

    def index(self, key: str) -> IndexValue | None:
        """Return an index by its key, of the twelve too, or None when there is none of that name."""
        return next((value for value in (*self.indices, *self.prospect) if value.key == key), None)


def measure_strain(
    study: StrainStudy,
    *,
    events: CardiacEvents | None = None,
    doppler: DopplerTimes | None = None,
    reference: Reference = "mean",
    nearest_zero: bool = False,
    rescale: Rescale = "auto",
    rng: np.random.Generator | None = None,
) -> StrainMeasurement:
    """Measure the strain curves of one examination.

    Parameters
    ----------
    study
        From `resynchro.read_strain`, or made from a cine by the tracker.
    events
        Valve events that replace those of the study in every view.
    doppler
        Times read by hand from Doppler and M-mode, for the parameters that strain does not hold.
    reference, nearest_zero
        Variants of the cross-correlation delay, see `cross_correlation_delays`.
    rescale
        How beats of different length are brought together, see `curves_from_study`.
    rng
        Source of the noise for noise floors; None for the same numbers every time.

    Returns
    -------
    StrainMeasurement

    Raises
    ------
    MeasurementError
        When the study holds no usable curves.
    """
    study = study_with_events(study, events)
    curves = curves_from_study(study, rescale=rescale)
    generator = rng if rng is not None else np.random.default_rng(_SEED)
    absent: str | None = None
    delays: tuple[SegmentDelay, ...] = ()
    peaks: tuple[SegmentPeak, ...] = ()
    try:
        delays = segment_delays(curves, reference=reference, nearest_zero=nearest_zero)
    except MeasurementError as error:
        absent = str(error)
    if curves.periodic:
        peaks = segment_peaks(curves)
    indices = (
        *delay_indices(curves, delays, absent),
        *peak_indices(curves, generator),
        *discoordination_indices(curves, study),
        absent_sdi_volume("needs regional volume curves in ml (3D echo or CMR), which strain files do not hold"),
    )
    return StrainMeasurement(
        study=study,
        curves=curves,
        delays=delays,
        peaks=peaks,
        indices=indices,
        prospect=prospect_twelve(doppler or DopplerTimes(), curves.rr_s, curves.events),
        quality=strain_quality(study, curves, delays),
        findings=(*study.findings, *curves.findings),
    )
