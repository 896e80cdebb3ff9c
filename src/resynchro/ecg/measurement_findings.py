"""What a reader must know about a measurement before trusting its numbers."""

from __future__ import annotations

from resynchro.ecg.clusters import BeatCluster
from resynchro.ecg.representative import QrsLimits
from resynchro.record.ecg import EcgRecord
from resynchro.record.finding import Finding

#: Below this share of the beats the measured form is one of several.
_DOMINANT_SHARE = 0.7
_FEW_BEATS = 3
#: Half width of the 95 % interval of the QRS duration that is called wide [ms].
_WIDE_HALF_INTERVAL_MS = 25.0
#: Few ventricles take longer than this to activate, and none more than this share of the beat [ms].
_LONGEST_PLAUSIBLE_MS, _LONGEST_SHARE_OF_BEAT = 240.0, 0.55
_LOW_RATE_HZ = 250.0


def measurement_findings(
    record: EcgRecord, clusters: tuple[BeatCluster, ...], limits: QrsLimits, rr_ms: float | None
) -> tuple[Finding, ...]:
    """Collect the warnings that measuring itself gives rise to.

    Parameters
    ----------
    record
        What was measured.
    clusters
        Beats by form, the measured one first.
    limits
        QRS limits of the measured form.
    rr_ms
        Median interval between beats [ms]; None when unknown.

    Returns
    -------
    tuple of Finding
        Empty when there is nothing to say. The limits of the checks are ours.
    """
    measured, total = clusters[0], sum(len(cluster.times_s) for cluster in clusters)
    beats = len(measured.times_s)
    half_ms = 0.5 * (limits.duration_interval_ms[1] - limits.duration_interval_ms[0])
    longest_ms = min(_LONGEST_PLAUSIBLE_MS, _LONGEST_SHARE_OF_BEAT * rr_ms if rr_ms else _LONGEST_PLAUSIBLE_MS)
    checks = (
        (
            beats < _DOMINANT_SHARE * total,
            "several-beat-forms",
            f"{beats} of {total} beats ({measured.kind}) were measured; the others: "
            + ", ".join(f"{len(cluster.times_s)} {cluster.kind}" for cluster in clusters[1:]),
        ),
        (
            beats < _FEW_BEATS,
            "few-beats",
            f"only {beats} beat(s) of the measured form: noise is not averaged out",
        ),
        (
            half_ms > _WIDE_HALF_INTERVAL_MS,
            "wide-interval",
            f"QRS duration is uncertain by {half_ms:.0f} ms: beats or leads disagree; look at the marked beat",
        ),
        (
            limits.duration_ms > longest_ms,
            "implausible-qrs",
            f"a QRS of {limits.duration_ms:.0f} ms is longer than is plausible here ({longest_ms:.0f} ms): in fast "
            "wide rhythms the T wave runs into it; look at the marked beat",
        ),
        (
            record.sampling_rate_hz < _LOW_RATE_HZ,
            "low-sampling-rate",
            f"sampled at {record.sampling_rate_hz:g} Hz; notches and stimuli need 500 Hz or more",
        ),
    )
    return tuple(Finding(code=code, message=message) for fires, code, message in checks if fires)
