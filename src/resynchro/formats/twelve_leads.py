"""From the leads of a file, by whatever names, to one canonical 12-lead record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import numpy as np

from resynchro.errors import InputError
from resynchro.formats.integrity import check_integrity
from resynchro.record.ecg import (
    LEADS,
    LIMB_LEADS,
    PRECORDIAL_LEADS,
    EcgFilters,
    EcgRecord,
    EcgSource,
    FloatArray,
    Sex,
    VendorReading,
)
from resynchro.record.finding import Finding

SAMPLING_RATE_RANGE_HZ: Final = (100.0, 32000.0)
#: One whole beat at 40 beats per minute.
SHORTEST_RECORD_S: Final = 1.5
#: A lead with a larger share of missing samples is not bridged but refused.
LARGEST_MISSING_SHARE: Final = 0.05
#: No electrode on the skin sees more (defibrillator shocks included); beyond it arithmetic loses its meaning.
LARGEST_VOLTAGE_MV: Final = 1e6

#: Weights of I and II in each limb lead (Einthoven's law and Goldberger's definitions).
_LIMB_WEIGHTS: Final[dict[str, tuple[float, float]]] = {
    "I": (1.0, 0.0),
    "II": (0.0, 1.0),
    "III": (-1.0, 1.0),
    "aVR": (-0.5, -0.5),
    "aVL": (1.0, -0.5),
    "aVF": (-0.5, 1.0),
}

_FRANK_LEADS: Final = ("X", "Y", "Z")
_PREFIXES: Final = re.compile(r"^(MDC_ECG_LEAD_|MDC_ECG_|LEAD[\s_:.-]*|(ECG|EKG)[\s_:.-]+(LEAD[\s_:.-]+)?|FRANK[\s_]+)")
_SPELLINGS: Final[dict[str, str]] = {
    **{lead.upper(): lead for lead in LEADS},
    **{f"C{number}": f"V{number}" for number in range(1, 7)},  # IEC names of the precordial electrodes
    **{f"D{numeral}": numeral for numeral in ("I", "II", "III")},  # French and Spanish "dérivation"
    **{name: name for name in _FRANK_LEADS},
    **{f"V{name}": name for name in _FRANK_LEADS},
}


def canonical_lead(name: str) -> str | None:
    """Find the lead that a name in a file means.

    Parameters
    ----------
    name
        As written in the file, for example ``Lead I``, ``avr``, ``MDC_ECG_LEAD_AVR``, ``ECG V1``, ``V1..``,
        ``vx``.

    Returns
    -------
    str or None
        One of `LEADS`, ``X``, ``Y`` or ``Z`` for Frank's leads, or None for anything else (modified leads
        such as MLII, right-sided V3R, respiration).

    Examples
    --------
    >>> canonical_lead("MDC_ECG_LEAD_AVR"), canonical_lead("EKG v1."), canonical_lead("V3R")
    ('aVR', 'V1', None)
    """
    bare = name.strip().strip(".\x00 ").upper()
    bare = _PREFIXES.sub("", bare)
    return _SPELLINGS.get(bare.replace(" ", ""))


def order_leads(leads: Mapping[str, FloatArray]) -> FloatArray:
    """Bring leads into the order of `LEADS`; compute missing limb leads from the others.

    Parameters
    ----------
    leads
        Arrays of equal shape (n,) by lead name in any spelling that `canonical_lead` knows; others are
        ignored. Any unit, the same for all.

    Returns
    -------
    FloatArray
        Shape (12, n), float64, in the unit of the input.

    Raises
    ------
    InputError
        When a lead is there twice, lengths differ, a precordial lead or more than four limb leads are
        missing.

    Notes
    -----
    Any two limb leads determine all six: III = II - I, aVR = -(I + II)/2, aVL = I - II/2, aVF = II - I/2.
    Recorded leads are kept as they are; only absent ones are computed, from the first two recorded in the
    order of `LEADS`.
    """
    named = _by_canonical_name(leads)
    lengths = {named[lead].size for lead in LEADS if lead in named}
    if len(lengths) > 1:
        found = ", ".join(f"{lead} {named[lead].size}" for lead in LEADS if lead in named)
        raise InputError(f"all leads must have the same number of samples, found {found}")
    _require_independent_leads(named)
    missing = [lead for lead in LIMB_LEADS if lead not in named]
    if missing:
        first, second = [lead for lead in LIMB_LEADS if lead in named][:2]
        weights = np.array([_LIMB_WEIGHTS[first], _LIMB_WEIGHTS[second]])
        lead_i, lead_ii = np.linalg.solve(weights, np.stack([named[first], named[second]]))
        for lead in missing:
            weight_i, weight_ii = _LIMB_WEIGHTS[lead]
            named[lead] = weight_i * lead_i + weight_ii * lead_ii
    return np.stack([named[lead] for lead in LEADS])


def twelve_leads(
    leads_mv: Mapping[str, FloatArray],
    *,
    sampling_rate_hz: float,
    source: EcgSource,
    filters: EcgFilters = EcgFilters(),  # noqa: B008 (frozen)
    vendor: VendorReading = VendorReading(),  # noqa: B008 (frozen)
    sex: Sex | None = None,
    age_years: float | None = None,
    frank_mv: FloatArray | None = None,
    raw_counts: Mapping[str, FloatArray] | None = None,
    findings: tuple[Finding, ...] = (),
) -> EcgRecord:
    """Build the canonical record from the leads of a file and check it.

    Parameters
    ----------
    leads_mv
        Arrays of shape (n,) [mV] by lead name in any spelling that `canonical_lead` knows; other channels are
        ignored. Non-finite samples mean "missing".
    sampling_rate_hz
        Of all leads [Hz], in `SAMPLING_RATE_RANGE_HZ`.
    source, filters, vendor, sex, age_years
        As stated by the file.
    frank_mv
        Measured Frank leads, shape (3, n) [mV], X left, Y inferior, Z posterior; leads X, Y and Z of
        `leads_mv` when None.
    raw_counts
        Stored numbers before gain and offset, by lead name; used only to explain leads that contradict each
        other.
    findings
        What the reader itself has to report; the findings of the checks are added.

    Returns
    -------
    EcgRecord
        With derived leads marked, short gaps bridged, findings and `voltages_trusted` set.

    Raises
    ------
    InputError
        When the leads do not make a 12-lead recording: see `order_leads`; also for a sampling rate or length
        out of range, more than 5 % of a lead missing, or voltages beyond `LARGEST_VOLTAGE_MV`.
    """
    _check_sampling_rate(sampling_rate_hz)
    named = {lead: _flat(lead, samples) for lead, samples in _by_canonical_name(leads_mv).items()}
    # A limb lead without a single sample counts as not recorded, so that it can be computed from the others.
    named = {lead: samples for lead, samples in named.items() if np.isfinite(samples).any()}
    _check_length(named, sampling_rate_hz)
    bridged, gap_findings = _bridge_gaps(named, sampling_rate_hz)
    signal_mv = order_leads(bridged)
    derived = frozenset(lead for lead in LIMB_LEADS if lead not in bridged)
    if frank_mv is None and all(lead in bridged for lead in _FRANK_LEADS):
        frank_mv = np.stack([bridged[lead] for lead in _FRANK_LEADS])
    if frank_mv is not None and frank_mv.shape != (3, signal_mv.shape[1]):
        raise InputError(
            f"the Frank leads X, Y, Z must be as long as the twelve leads ({signal_mv.shape[1]} samples), "
            f"found shape {frank_mv.shape}"
        )
    check_findings, voltages_trusted = check_integrity(
        signal_mv,
        sampling_rate_hz=sampling_rate_hz,
        derived_leads=derived,
        filters=filters,
        raw_counts=None if raw_counts is None else _by_canonical_name(raw_counts),
    )
    return EcgRecord(
        signal_mv=signal_mv,
        sampling_rate_hz=float(sampling_rate_hz),
        source=source,
        derived_leads=derived,
        filters=filters,
        vendor=vendor,
        frank_mv=frank_mv,
        findings=(*findings, *gap_findings, *check_findings),
        voltages_trusted=voltages_trusted,
        sex=sex,
        age_years=age_years,
    )


def _by_canonical_name(leads: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Rename leads; drop channels that are no lead of ours; refuse a lead that is there twice."""
    named: dict[str, FloatArray] = {}
    spelled: dict[str, str] = {}
    for name, samples in leads.items():
        lead = canonical_lead(name)
        if lead is None:
            continue
        if lead in named:
            raise InputError(
                f"lead {lead} is there twice ({spelled[lead]!r} and {name!r}); each lead may appear once: remove one"
            )
        named[lead] = np.asarray(samples, dtype=np.float64)
        spelled[lead] = name
    return named


def _flat(lead: str, samples: FloatArray) -> FloatArray:
    if samples.ndim != 1:
        raise InputError(f"lead {lead} must be one row of samples, found shape {samples.shape}")
    return samples


def _require_independent_leads(named: Mapping[str, FloatArray]) -> None:
    missing_precordial = [lead for lead in PRECORDIAL_LEADS if lead not in named]
    limb = [lead for lead in LIMB_LEADS if lead in named]
    if not missing_precordial and len(limb) >= 2:
        return
    complaints = []
    if missing_precordial:
        complaints.append(f"missing {', '.join(missing_precordial)}")
    if len(limb) < 2:
        complaints.append(f"only {limb[0]} of the limb leads" if limb else "no limb lead")
    found = ", ".join(lead for lead in LEADS if lead in named) or "none"
    raise InputError(
        f"a 12-lead ECG needs V1 to V6 and at least two of {', '.join(LIMB_LEADS)}; "
        f"{' and '.join(complaints)} (leads found: {found}); export the recording with all leads"
    )


def _check_sampling_rate(sampling_rate_hz: float) -> None:
    low, high = SAMPLING_RATE_RANGE_HZ
    if not low <= sampling_rate_hz <= high:  # also refuses NaN
        raise InputError(
            f"the sampling rate must lie in [{low:g}, {high:g}] Hz, got {sampling_rate_hz:g} Hz; below "
            f"{low:g} Hz a QRS cannot be measured: export the recording at 250 Hz or more"
        )


def _check_length(named: Mapping[str, FloatArray], sampling_rate_hz: float) -> None:
    for lead, samples in named.items():
        if samples.size < SHORTEST_RECORD_S * sampling_rate_hz:
            raise InputError(
                f"lead {lead} is {samples.size / sampling_rate_hz:.3g} s long ({samples.size} samples at "
                f"{sampling_rate_hz:g} Hz), at least {SHORTEST_RECORD_S:g} s are needed; export the whole "
                "rhythm recording (usually 10 s), not the median beat"
            )


def _bridge_gaps(
    named: Mapping[str, FloatArray], sampling_rate_hz: float
) -> tuple[dict[str, FloatArray], tuple[Finding, ...]]:
    """Fill missing samples on the straight line between their neighbours."""
    bridged: dict[str, FloatArray] = {}
    gap_leads: list[str] = []
    longest_ms = 0.0
    for lead, samples in named.items():
        finite = np.isfinite(samples)
        if np.max(np.abs(samples[finite])) > LARGEST_VOLTAGE_MV:
            raise InputError(
                f"lead {lead} holds voltages beyond {LARGEST_VOLTAGE_MV:g} mV, which no ECG has; the gain or "
                "the unit in the file is wrong: export it again or state the microvolts per count "
                "(--uv-per-count)"
            )
        if finite.all():
            bridged[lead] = samples
            continue
        missing = samples.size - int(np.count_nonzero(finite))
        if missing > LARGEST_MISSING_SHARE * samples.size:
            raise InputError(
                f"{100 * missing / samples.size:.0f} % of lead {lead} is missing, at most "
                f"{100 * LARGEST_MISSING_SHARE:.0f} % can be bridged; cut out a part of the recording in "
                "which all leads were recorded"
            )
        index = np.arange(samples.size)
        bridged[lead] = np.interp(index, index[finite], samples[finite])
        edges = np.flatnonzero(np.diff(np.concatenate(([True], finite, [True])).astype(np.int8)))
        longest_ms = max(longest_ms, float(np.max(edges[1::2] - edges[::2])) * 1000.0 / sampling_rate_hz)
        gap_leads.append(lead)
    if not gap_leads:
        return bridged, ()
    message = (
        f"samples are missing in {', '.join(gap_leads)} (longest gap {longest_ms:.0f} ms); they were bridged "
        "with straight lines: look at the picture before trusting amplitudes near them"
    )
    return bridged, (Finding(code="gaps-bridged", message=message, leads=tuple(gap_leads)),)
