"""Is there mechanical dyssynchrony? The signs one by one, counted, and never merged into a hidden score."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from resynchro.record.index_value import IndexValue
from resynchro.record.strain import SegmentCurves

Verdict = Literal["present", "absent", "unclear"]

#: Longitudinal SSI of the median patient, above which events were fewer (Gorcsan, JACC CI 2019) [%].
SSI_CUTOFF_PCT = 3.1
#: Septal rebound stretch that parted responders in the four-chamber view (PMC5497250) [%].
SRS_CUTOFF_PCT = 4.0
#: An index must exceed its floor by this factor to count as more than noise: ours.
FLOOR_FACTOR = 2.0
#: Signs that must be assessable before their absence means anything: ours.
LEAST_SIGNS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class DyssynchronySign:
    """One sign.

    Attributes
    ----------
    present
        None where it cannot be assessed.
    sentence
        The sign with its number, limit and source.
    """

    key: str
    present: bool | None
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MechanicalDyssynchrony:
    """What the signs say together.

    Attributes
    ----------
    verdict
        ``present`` when at least two signs are there, or one that needs no cut-off (septal flash, an LBBB pattern of
        the septum, the classical contraction); ``absent`` when none is and at least two could be assessed; else
        ``unclear``.
    """

    verdict: Verdict
    signs: tuple[DyssynchronySign, ...]
    sentence: str


def mechanical_dyssynchrony(indices: Sequence[IndexValue], curves: SegmentCurves) -> MechanicalDyssynchrony:
    """Judge the signs of mechanical dyssynchrony of one examination.

    Parameters
    ----------
    indices
        Of `measure_strain`.
    curves
        What they were measured on: cut-offs apply to longitudinal echo strain only.

    Returns
    -------
    MechanicalDyssynchrony
        Research use: no index of mechanical dyssynchrony selects patients (PROSPECT, PMID 18458170).
    """
    by_key = {index.key: index for index in indices}
    builders: tuple[tuple[str, Callable[[IndexValue, SegmentCurves], DyssynchronySign]], ...] = (
        ("septal_flash_mm", _flagged),
        ("apical_rocking_mm", _flagged),
        ("septal_pattern", _pattern),
        ("classical_lbbb_contraction", _flagged),
        ("ssi_pct", _stretch),
        ("srs_sept_4ch_pct", _rebound),
    )
    signs = tuple(build(by_key[key], curves) for key, build in builders if key in by_key)
    found = [sign for sign in signs if sign.present]
    assessed = [sign for sign in signs if sign.present is not None]
    certain = {"septal_flash_mm", "septal_pattern", "classical_lbbb_contraction"}
    verdict: Verdict = "unclear"
    if len(found) >= 2 or any(sign.key in certain for sign in found):
        verdict = "present"
    elif not found and len(assessed) >= LEAST_SIGNS:
        verdict = "absent"
    words = {
        "present": "Mechanical dyssynchrony is present: ",
        "absent": "No sign of mechanical dyssynchrony: ",
        "unclear": "Mechanical dyssynchrony is unclear: ",
    }
    listed = found if verdict == "present" else assessed
    reasons = "; ".join(sign.sentence for sign in listed) or "no sign could be assessed"
    return MechanicalDyssynchrony(verdict=verdict, signs=signs, sentence=f"{words[verdict]}{reasons}.")


def _absent(index: IndexValue) -> DyssynchronySign:
    return DyssynchronySign(key=index.key, present=None, sentence=f"{index.name} not assessed ({index.absent})")


def _flagged(index: IndexValue, _curves: SegmentCurves) -> DyssynchronySign:
    if index.flag is None:
        return _absent(index) if index.absent else DyssynchronySign(
            key=index.key, present=None, sentence=f"{index.name} cannot be told from noise"
        )  # fmt: skip
    amount = "" if index.value is None else f" ({index.value:.1f} {index.unit})"
    return DyssynchronySign(
        key=index.key, present=index.flag, sentence=f"{'' if index.flag else 'no '}{index.name}{amount}"
    )


def _pattern(index: IndexValue, _curves: SegmentCurves) -> DyssynchronySign:
    if index.text is None:
        return _absent(index)
    if index.text == "unclassified":
        return DyssynchronySign(key=index.key, present=None, sentence="septal pattern unclassified")
    present = index.text.startswith("LBBB")
    return DyssynchronySign(key=index.key, present=present, sentence=f"septal pattern {index.text}")


def _stretch(index: IndexValue, curves: SegmentCurves) -> DyssynchronySign:
    return _above(index, curves, SSI_CUTOFF_PCT, "Gorcsan 2019")


def _rebound(index: IndexValue, curves: SegmentCurves) -> DyssynchronySign:
    return _above(index, curves, SRS_CUTOFF_PCT, "PMC5497250")


def _above(index: IndexValue, curves: SegmentCurves, cutoff_pct: float, source: str) -> DyssynchronySign:
    """Judge a stretch against its cut-off, which holds for longitudinal echo strain and above the noise only."""
    if index.value is None:
        return _absent(index)
    number = f"{index.name} {index.value:.1f} %"
    if curves.strain_type != "longitudinal" or curves.modality not in ("echo", "model"):
        return DyssynchronySign(
            key=index.key, present=None, sentence=f"{number} (the cut-off holds for longitudinal echo strain only)"
        )
    if index.noise_floor is not None and index.value > cutoff_pct and index.value < FLOOR_FACTOR * index.noise_floor:
        return DyssynchronySign(
            key=index.key, present=None, sentence=f"{number}, not above noise (floor {index.noise_floor:.1f} %)"
        )
    present = index.value > cutoff_pct
    return DyssynchronySign(
        key=index.key,
        present=present,
        sentence=f"{number} ({'above' if present else 'not above'} {cutoff_pct:g} %, {source})",
    )
