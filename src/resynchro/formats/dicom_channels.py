"""The channels of a DICOM multiplex group: which lead each one is, and what a count is worth."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from resynchro.formats.dicom_content import data_bytes, number, sequence, text
from resynchro.formats.twelve_leads import canonical_lead
from resynchro.record.ecg import EcgFilters, FloatArray
from resynchro.record.finding import Finding

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

#: Lead numbers, the same in ISO/IEEE 11073-10102 (MDC, code 2:n) and SCP-ECG (code 5.6.3-9-n).
_LEAD_NUMBERS: Final = {
    **dict(enumerate(("I", "II", "V1", "V2", "V3", "V4", "V5", "V6"), start=1)),
    **dict(enumerate(("X", "Y", "Z"), start=16)),
    **dict(enumerate(("III", "aVR", "aVL", "aVF"), start=61)),
}
_LEAD_CODE: Final = re.compile(r"(?:2:\s*|5\.6\.3-9-)(\d{1,4})")
_MILLIVOLTS: Final = {
    **dict.fromkeys(("uv", "µv", "μv", "microvolt", "microvolts"), 1e-3),
    **dict.fromkeys(("mv", "millivolt", "millivolts"), 1.0),
    **dict.fromkeys(("v", "volt", "volts"), 1e3),
    **dict.fromkeys(("nv", "nanovolt", "nanovolts"), 1e-6),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One ECG lead of a group.

    Attributes
    ----------
    counts
        Stored numbers, shape (n,); NaN where the file marks a sample as padding.
    mv_per_count
        Gain [mV]; None where the file states none in volts.
    baseline_mv
        Voltage of the count 0 [mV].
    filters
        As stated for this channel.
    """

    counts: FloatArray
    mv_per_count: float | None
    baseline_mv: float
    filters: EcgFilters


def ecg_channels(
    group: Dataset, table: NDArray[np.integer[Any]], *, sampling_rate_hz: float
) -> tuple[dict[str, Channel], tuple[Finding, ...]]:
    """Find the ECG leads among the channels of a group.

    Parameters
    ----------
    group
        Item of the waveform sequence.
    table
        Stored numbers, shape (n_samples, n_channels).
    sampling_rate_hz
        Of all channels [Hz].

    Returns
    -------
    dict
        Channels by lead name (`LEADS`, Frank's X, Y, Z). Of a lead that is there twice the first one stays.
    tuple of Finding
        When leads were sampled one after another within a sampling interval and had to be shifted.

    Notes
    -----
    A lead is known by its code, else by its name or label; the name decides nothing when the code says that
    it is another lead (right-sided, derived, modified). Whole samples of skew are undone, parts are not.
    Samples at the end of the number range in all channels at once mean "no sample" and become NaN, as does
    padding.
    """
    definitions = sequence(group, "ChannelDefinitionSequence")[: table.shape[1]]
    leads = {}
    for column, definition in enumerate(definitions):
        lead = lead_of(definition)
        if lead is not None and lead not in leads:
            leads[lead] = column
    skews = [round(_skew_samples(definitions[column], sampling_rate_hz)) for column in leads.values()]
    earliest = min(skews, default=0)
    padding = _padding(group, table.dtype)
    blank = _blank_samples(table)
    channels: dict[str, Channel] = {}
    for (lead, column), skew in zip(leads.items(), skews, strict=True):
        definition = definitions[column]
        counts = _full_width(table[:, column], definition).astype(np.float64)
        counts[blank] = np.nan
        if padding is not None:
            counts[table[:, column] == padding] = np.nan
        gain, baseline = _gain_mv(definition)
        channels[lead] = Channel(
            counts=_delayed(counts, skew - earliest),
            mv_per_count=gain,
            baseline_mv=baseline,
            filters=_filters(definition),
        )
    shifted = tuple(lead for lead, skew in zip(leads, skews, strict=True) if skew != earliest)
    if not shifted:
        return channels, ()
    message = (
        f"{', '.join(shifted)} were sampled up to {(max(skews) - earliest) * 1e3 / sampling_rate_hz:.1f} ms "
        "later than the first lead; they were moved there by whole samples"
    )
    return channels, (Finding(code="channel-skew", message=message, leads=shifted),)


def lead_of(definition: Dataset) -> str | None:
    """Return the lead that a channel definition means, or None for anything but a standard or Frank lead.

    Parameters
    ----------
    definition
        Item of the channel definition sequence.
    """
    for source in sequence(definition, "ChannelSourceSequence")[:1]:
        code = text(source, "CodeValue") or ""
        numbered = _LEAD_CODE.fullmatch(code)
        if numbered is not None:
            return _LEAD_NUMBERS.get(int(numbered.group(1)))
        meaning = re.sub(r"\(.*?\)", "", text(source, "CodeMeaning") or "")
        lead = canonical_lead(code if code.startswith("MDC_ECG_LEAD") else meaning)
        if lead is not None:
            return lead
    return canonical_lead(text(definition, "ChannelLabel") or "")


def _full_width(counts: NDArray[np.integer[Any]], definition: Dataset) -> NDArray[np.integer[Any]]:
    """Extend the sign of values with fewer significant bits than the container has.

    The standard wants the sign extended; some recorders leave 12-bit values in 16 bits as they come from the
    converter. Those show as values without any negative one and some beyond the signed range.
    """
    bits = number(definition, "WaveformBitsStored")
    container = 8 * counts.dtype.itemsize
    if counts.dtype.kind != "i" or bits is None or not 2 <= bits < container or not counts.size:
        return counts
    half = 1 << (int(bits) - 1)
    if counts.min() < 0 or not half <= counts.max() < 2 * half:
        return counts
    return np.where(counts >= half, counts.astype(np.int64) - 2 * half, counts)


def _blank_samples(table: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
    """Find the samples at which every channel holds the lowest or every channel the highest signed number."""
    if table.dtype.kind != "i" or table.shape[1] < 2:
        return np.zeros(table.shape[0], dtype=np.bool_)
    limits = np.iinfo(table.dtype)
    blank: NDArray[np.bool_] = (table == limits.min).all(axis=1) | (table == limits.max).all(axis=1)
    return blank


def _padding(group: Dataset, dtype: np.dtype[Any]) -> int | None:
    """Return the number that stands for "no sample".

    Zero is not believed: recorders fill the element with zeros, and zero is where most ECG samples lie.
    """
    stated = data_bytes(group, "WaveformPaddingValue")
    if len(stated) < dtype.itemsize:
        return None
    return int(np.frombuffer(stated[: dtype.itemsize], dtype=dtype)[0]) or None


def _skew_samples(definition: Dataset, sampling_rate_hz: float) -> float:
    samples = number(definition, "ChannelSampleSkew")
    if samples is None:
        samples = (number(definition, "ChannelTimeSkew") or 0.0) * sampling_rate_hz
    # Beyond 0.1 s it is no skew of a multiplexer but a wrong number.
    return samples if abs(samples) <= 0.1 * sampling_rate_hz else 0.0


def _delayed(counts: FloatArray, n_samples: int) -> FloatArray:
    """Move samples to the time they were taken at; the first one stands for those before it."""
    if not n_samples:
        return counts
    kept = max(counts.size - n_samples, 0)
    return np.concatenate((np.full(counts.size - kept, counts[0]), counts[:kept]))


def _gain_mv(definition: Dataset) -> tuple[float | None, float]:
    """Return gain and baseline [mV]: both are in the unit of the sensitivity (PS3.3 C.10.9.1.4.3)."""
    sensitivity = number(definition, "ChannelSensitivity")
    unit = None
    for item in sequence(definition, "ChannelSensitivityUnitsSequence")[:1]:
        names = (text(item, "CodeValue"), text(item, "CodeMeaning"))
        known = (_MILLIVOLTS.get(name.lower()) for name in names if name)
        unit = next((millivolts for millivolts in known if millivolts is not None), None)
    if sensitivity is None or sensitivity == 0 or unit is None:
        return None, 0.0
    correction = number(definition, "ChannelSensitivityCorrectionFactor")
    baseline = number(definition, "ChannelBaseline") or 0.0
    return sensitivity * (1.0 if correction is None else correction) * unit, baseline * unit


def _filters(definition: Dataset) -> EcgFilters:
    # DICOM names the ends of the band, not the filters.
    return EcgFilters(
        high_pass_hz=_frequency_hz(definition, "FilterLowFrequency"),
        low_pass_hz=_frequency_hz(definition, "FilterHighFrequency"),
        notch_hz=_frequency_hz(definition, "NotchFilterFrequency"),
    )


def _frequency_hz(definition: Dataset, keyword: str) -> float | None:
    frequency_hz = number(definition, keyword)
    return frequency_hz if frequency_hz is not None and frequency_hz > 0 else None
