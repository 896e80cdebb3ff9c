"""All indices of discoordination and stretch of one strain examination, in the order of the clinical reader."""

from __future__ import annotations

from resynchro.imaging.strain.contour_signs import contour_sign_indices
from resynchro.imaging.strain.contraction_pattern import classical_contraction_index, strain_pattern_score
from resynchro.imaging.strain.cure import uniformity_indices
from resynchro.imaging.strain.global_strain import global_strain_indices
from resynchro.imaging.strain.post_systolic import post_systolic_indices
from resynchro.imaging.strain.rebound_stretch import septal_rebound_indices
from resynchro.imaging.strain.septal_pattern import septal_pattern_index
from resynchro.imaging.strain.strain_delay_index import strain_delay_indices
from resynchro.imaging.strain.systolic_stretch import systolic_stretch_index
from resynchro.record.index_value import IndexValue
from resynchro.record.strain import SegmentCurves, StrainStudy


def discoordination_indices(curves: SegmentCurves, study: StrainStudy | None = None) -> tuple[IndexValue, ...]:
    """Return every index of discoordination, stretch and contraction pattern, and global strain.

    Parameters
    ----------
    curves
        Strain on one time base.
    study
        As read; its contour points give septal flash and apical rocking.

    Returns
    -------
    tuple of IndexValue
        Systolic stretch (filtered and raw), septal rebound, strain delay, post-systolic index, RSPI, classical
        contraction, septal pattern, septal flash, apical rocking, uniformity ratios, global and wall strain. What
        cannot be computed is absent with a reason.
    """
    return (
        systolic_stretch_index(curves),
        systolic_stretch_index(curves, harmonics=None, tolerance_pct=0.0),
        *septal_rebound_indices(curves),
        *strain_delay_indices(curves),
        *post_systolic_indices(curves),
        strain_pattern_score(curves),
        classical_contraction_index(curves),
        septal_pattern_index(curves),
        *contour_sign_indices(study),
        *uniformity_indices(curves),
        *global_strain_indices(curves),
    )
