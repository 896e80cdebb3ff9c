"""The signal of a Philips Sierra XML file: decoded, with the limb leads restored."""

from __future__ import annotations

import base64
import binascii
from typing import Final
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError
from resynchro.formats.safe_xml import attribute_of, finite_number, text_of
from resynchro.formats.sierra_xli import unpack_xli
from resynchro.record.ecg import LEADS, FloatArray

FORMAT: Final = "Philips Sierra XML"

#: Acquisition types with the twelve leads in our order; used where the file names no leads (1.03).
_STANDARD_SETS: Final = ("STD-12", "10-WIRE")
#: 20 minutes at 500 Hz; bounds the memory that a damaged file can claim.
MOST_SAMPLES: Final = 600_000
_MOST_LEADS: Final = 24
#: The stated duration is rounded to ms, so that a lead may be a little longer or shorter.
_SLACK_SAMPLES: Final = 64


def sierra_counts(waveforms: Element, signal: Element | None, *, sampling_rate_hz: float) -> dict[str, FloatArray]:
    """Decode the stored leads.

    Parameters
    ----------
    waveforms
        The element ``parsedwaveforms``.
    signal
        The element ``signalcharacteristics``, which names the leads in version 1.03.
    sampling_rate_hz
        Of all leads [Hz].

    Returns
    -------
    dict
        Counts of shape (n,) by lead name, the twelve standard leads and whatever else the file holds.

    Raises
    ------
    InputError
        When the signal is damaged, compressed or encoded in an unknown way, or lacks one of the twelve leads.

    Notes
    -----
    In compressed files III, aVR, aVL and aVF are stored as differences from their derivation from I and II,
    rounded down to whole counts, and are restored here. Without compression they are stored as they are.
    """
    labels = _labels(waveforms, signal)
    duration_ms = finite_number(attribute_of(waveforms, "durationperchannel")) or 0.0
    announced = duration_ms * sampling_rate_hz / 1e3
    if not 1 <= announced <= MOST_SAMPLES:
        raise InputError(f"{FORMAT}: {announced:.4g} samples per lead are announced; 1 to {MOST_SAMPLES} are read")
    n_samples = round(announced)
    packed = base64_samples(waveforms, waveforms.text or "")
    method = attribute_of(waveforms, "compressmethod") or attribute_of(waveforms, "compression") or "none"
    if (attribute_of(waveforms, "compressflag") or "").lower() == "false":
        method = "none"
    if method.upper() == "XLI":
        leads = unpack_xli(packed, n_leads=len(labels), most_samples=n_samples + _SLACK_SAMPLES)
    elif method.lower() in ("none", "uncompressed"):
        leads = _plain_leads(packed, len(labels), n_samples)
    else:
        raise InputError(f"{FORMAT}: the signal is compressed by {method[:40]!r}; XLI and none are known")
    lengths = [lead.size for lead in leads]
    missing = [lead for lead in LEADS if lead not in labels]
    if missing or max(lengths) - min(lengths) > _SLACK_SAMPLES or min(lengths) == 0:
        raise InputError(
            f"{FORMAT}: the twelve standard leads of one length are needed; found {' '.join(labels)[:100]} "
            f"with {min(lengths)} to {max(lengths)} samples"
        )
    # 64 bits: sums and differences of two int16 do not fit into 16.
    counts = {label: lead[: min(lengths)].astype(np.int64) for label, lead in zip(labels, leads, strict=True)}
    if method.upper() == "XLI":
        counts |= _restored_limb_leads(counts)
    return {label: lead.astype(np.float64) for label, lead in counts.items()}


def base64_samples(element: Element, text: str) -> bytes:
    """Decode the Base64 text of a signal.

    Parameters
    ----------
    element
        Carries the attribute ``dataencoding``.
    text
        The encoded samples.

    Returns
    -------
    bytes
        Packed or plain samples.

    Raises
    ------
    InputError
        When the encoding is another one or the text is damaged.
    """
    encoding = attribute_of(element, "dataencoding") or "Base64"
    if encoding.lower() != "base64":
        raise InputError(f"{FORMAT}: the signal is encoded as {encoding[:40]!r}; Base64 is known")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(f"{FORMAT}: the signal is no valid Base64 ({error}); it may be cut off") from error


def _labels(waveforms: Element, signal: Element | None) -> tuple[str, ...]:
    labels = (attribute_of(waveforms, "leadlabels") or "").split()
    announced = finite_number(attribute_of(waveforms, "numberofleads"))
    kind = text_of(signal, "acquisitiontype") or "missing"
    if labels and announced is not None and announced >= 1:
        labels = labels[: int(min(announced, _MOST_LEADS + 1))]
    elif not labels and kind in _STANDARD_SETS:
        labels = list(LEADS)
    elif not labels:
        raise InputError(
            f"{FORMAT}: the file names no leads and its acquisition type is {kind[:40]!r}; "
            f"known are {', '.join(_STANDARD_SETS)}"
        )
    if len(labels) > _MOST_LEADS or len(set(labels)) < len(labels):
        raise InputError(f"{FORMAT}: the lead names {' '.join(labels)[:100]!r} are too many or not all different")
    return tuple(labels)


def _plain_leads(packed: bytes, n_leads: int, n_samples: int) -> list[NDArray[np.int16]]:
    """Split uncompressed samples, stored lead by lead."""
    if len(packed) < 2 * n_leads * n_samples:
        raise InputError(
            f"{FORMAT}: the signal holds {len(packed)} bytes where {n_leads} leads of {n_samples} samples "
            "are announced; the file may be cut off"
        )
    table = np.frombuffer(packed, dtype="<i2", count=n_leads * n_samples).reshape(n_leads, n_samples)
    return [lead.astype(np.int16) for lead in table]


def _restored_limb_leads(stored: dict[str, NDArray[np.int64]]) -> dict[str, NDArray[np.int64]]:
    lead_i, lead_ii = stored["I"], stored["II"]
    lead_iii = lead_ii - lead_i - stored["III"]
    return {
        "III": lead_iii,
        "aVR": -((lead_i + lead_ii) // 2) - stored["aVR"],
        "aVL": (lead_i - lead_iii) // 2 - stored["aVL"],
        "aVF": (lead_ii + lead_iii) // 2 - stored["aVF"],
    }
