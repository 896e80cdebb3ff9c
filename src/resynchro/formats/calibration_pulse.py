"""The calibration pulse that Philips recorders append to every lead, and that conversions carry along."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from resynchro.record.ecg import LEADS, FloatArray
from resynchro.record.finding import Finding

#: Leads count as equal within this range [mV]: a lossy conversion changes the pulse by a count or two (5 µV).
_TOLERANCE_MV: Final = 0.025
#: The pulse lasts 0.2 s.
_PULSE_RANGE_S: Final = (0.1, 0.5)


def length_without_calibration(
    leads_mv: Mapping[str, FloatArray], *, sampling_rate_hz: float
) -> tuple[int, tuple[Finding, ...]]:
    """Find where a recording ends when a calibration pulse is appended to it.

    Parameters
    ----------
    leads_mv
        The twelve leads by name, shape (n_samples,) each [mV].
    sampling_rate_hz
        Of all leads [Hz].

    Returns
    -------
    int
        Number of samples before the pulse and the zeros around it; n_samples without a pulse.
    tuple of Finding
        One finding when there is something to cut off.

    Notes
    -----
    The pulse is told by what no heart does: to the end all twelve leads are equal, III and the augmented
    leads included (Einthoven's law would make them zero), and know two levels, zero and one above. A beat
    detector would take it for a beat, and the check of Einthoven's law for wrong voltages.
    """
    lengths = {leads_mv[lead].size for lead in LEADS}
    if len(lengths) > 1:
        return max(lengths), ()  # unequal leads are refused with a message of their own
    table = np.stack([leads_mv[lead] for lead in LEADS])
    n_samples = table.shape[1]
    differing = np.flatnonzero(np.ptp(table, axis=0) > _TOLERANCE_MV)
    start = int(differing[-1]) + 1 if differing.size else 0
    end_mv = table[:, start:].mean(axis=0)
    high = end_mv > max(0.5 * float(end_mv.max(initial=0.0)), _TOLERANCE_MV)
    pulse_s = float(np.count_nonzero(high)) / sampling_rate_hz
    if start == 0 or not _PULSE_RANGE_S[0] <= pulse_s <= _PULSE_RANGE_S[1]:
        return n_samples, ()
    flat = np.ptp(end_mv[high]) <= 2 * _TOLERANCE_MV and np.abs(end_mv[~high]).max(initial=0.0) <= _TOLERANCE_MV
    one_piece = np.count_nonzero(np.diff(high.astype(np.int8))) <= 2
    if not (flat and one_piece):
        return n_samples, ()
    message = (
        f"the last {(n_samples - start) / sampling_rate_hz:.2f} s hold the recorder's calibration pulse "
        f"({end_mv[high].mean():.2g} mV, equal in all leads); they were cut off"
    )
    return start, (Finding(code="calibration-pulse-removed", message=message),)
