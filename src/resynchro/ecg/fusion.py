"""The fusion fraction: how much of a QRS is paced and how much is the patient's own conduction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from resynchro.ecg.similarity import common_window_ms, qrs_at, shifted_qrs
from resynchro.ecg.template import EcgTemplate
from resynchro.record.ecg import INDEPENDENT_ROWS

#: Templates that differ by less than this share of their size cannot be told apart in a mixture.
LEAST_TEMPLATE_DIFFERENCE = 0.35

_INDEPENDENT = list(INDEPENDENT_ROWS)


@dataclass(frozen=True, slots=True, kw_only=True)
class FusionFraction:
    """Mixture of a paced and the intrinsic QRS that comes nearest to a follow-up QRS.

    Attributes
    ----------
    paced_fraction
        1 for the paced template, 0 for the intrinsic one; values outside [0, 1] say that neither fits. None
        when it cannot be told.
    residual
        Norm of what the mixture leaves over, relative to the follow-up QRS: a large one means "neither".
    uncertainty
        Half-width of the paced fraction that the residual leaves open: residual × ‖Q‖ / ‖B − N‖.
    shift_ms
        Shift of the follow-up with the least residual [ms].
    reason
        Why `paced_fraction` is None.
    """

    paced_fraction: float | None
    residual: float | None
    uncertainty: float | None
    shift_ms: float | None
    reason: str | None = None


def fusion_fraction(follow_up: EcgTemplate, paced: EcgTemplate, intrinsic: EcgTemplate) -> FusionFraction:
    """Split a follow-up QRS Q into a paced template B and the intrinsic template N by least squares.

    Parameters
    ----------
    follow_up
        The QRS to be explained.
    paced
        The QRS as paced when all is well.
    intrinsic
        The patient's own QRS.

    Returns
    -------
    FusionFraction
        For every shift of Q, a = ⟨Q − N, B − N⟩ / ‖B − N‖² and ρ = ‖Q − aB − (1 − a)N‖ / ‖Q‖ over I, II, V1
        to V6; the shift with the least ρ is kept.

    Notes
    -----
    A real fusion beat is not a sum of two complexes: wavefronts collide and cancel. The fraction orders beats
    between the two templates; it is no share of the myocardium. Proposed here, not taken from a paper.
    """
    time_ms = common_window_ms(follow_up, paced, intrinsic)
    b = qrs_at(paced, time_ms)[_INDEPENDENT]
    n = qrs_at(intrinsic, time_ms)[_INDEPENDENT]
    apart = float(np.linalg.norm(b - n))
    if apart < LEAST_TEMPLATE_DIFFERENCE * max(float(np.linalg.norm(b)), float(np.linalg.norm(n)), 1e-9):
        return FusionFraction(
            paced_fraction=None,
            residual=None,
            uncertainty=None,
            shift_ms=None,
            reason="the paced and the intrinsic reference are too alike to tell a mixture",
        )
    candidates: list[tuple[float, float, float, float]] = []
    for shift_ms, q in shifted_qrs(follow_up, time_ms):
        size = max(float(np.linalg.norm(q)), 1e-9)
        fraction = float(((q - n) * (b - n)).sum()) / apart**2
        residual = float(np.linalg.norm(q - fraction * b - (1.0 - fraction) * n)) / size
        candidates.append((residual, fraction, shift_ms, residual * size / apart))
    residual, fraction, shift_ms, uncertainty = min(candidates)
    return FusionFraction(paced_fraction=fraction, residual=residual, uncertainty=uncertainty, shift_ms=shift_ms)
