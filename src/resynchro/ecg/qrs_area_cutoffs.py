"""Published cut-offs of the QRS area, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class QrsAreaCutoff:
    """One published cut-off of the QRS area.

    Attributes
    ----------
    quantity
        ``baseline``: area before implantation; ``reduction``: fall of the area from before to after.
    at_least_uvs
        Value from which the patient belongs to the favourable group [µVs].
    n, population, effect
        Patients, who they were and how they were recorded, and what the cut-off separated.
    source, doi
        Citation; None where the DOI was not confirmed.
    status
        How well the source was read: ``published-read``, ``published-secondary`` or ``unverified``.
    """

    quantity: Literal["baseline", "reduction"]
    at_least_uvs: float
    n: int
    population: str
    effect: str
    source: str
    doi: str | None
    status: str


_VAN_DEURSEN = "van Deursen et al. J Electrocardiol 2015"
_GHOSSEIN = "Ghossein et al. 2021, QRS area reduction after CRT"
_PMC6898809 = "QRS area before and after CRT, n 380, PubMed Central PMC6898809"
_CRT_SYNTHESIZED = "CRT patients, vectorcardiogram synthesized from 12 leads"

#: The cut-offs for the area before implantation conflict (98, 102, 109 µVs): show the value beside all.
QRS_AREA_CUTOFFS: tuple[QrsAreaCutoff, ...] = (
    QrsAreaCutoff(
        quantity="baseline",
        at_least_uvs=98.0,
        n=81,
        population="consecutive CRT candidates, measured Frank leads",
        effect="volume response: odds ratio 10.2; area under the ROC curve 0.78 (QRS duration 0.62)",
        source=_VAN_DEURSEN,
        doi=None,
        status="published-read",
    ),
    QrsAreaCutoff(
        quantity="baseline",
        at_least_uvs=102.0,
        n=380,
        population=_CRT_SYNTHESIZED,
        effect="cardiac death: hazard ratio 0.36",
        source=_PMC6898809,
        doi=None,
        status="published-read",
    ),
    QrsAreaCutoff(
        quantity="baseline",
        at_least_uvs=109.0,
        n=1299,
        population=_CRT_SYNTHESIZED + ", multicentre registry",
        effect="above it a reduction of at least 62 µVs went with survival and volume response",
        source=_GHOSSEIN,
        doi=None,
        status="published-read",
    ),
    QrsAreaCutoff(
        quantity="reduction",
        at_least_uvs=45.0,
        n=380,
        population=_CRT_SYNTHESIZED,
        effect="cardiac death: hazard ratio 0.19; with a shorter QRS as well 0.12",
        source=_PMC6898809,
        doi=None,
        status="published-read",
    ),
    QrsAreaCutoff(
        quantity="reduction",
        at_least_uvs=62.0,
        n=1299,
        population=_CRT_SYNTHESIZED + ", multicentre registry",
        effect="death, transplant or assist device: hazard ratio 0.43 (0.33-0.56); volume response: odds"
        " ratio 3.3 (2.4-4.6)",
        source=_GHOSSEIN,
        doi=None,
        status="published-read",
    ),
)
