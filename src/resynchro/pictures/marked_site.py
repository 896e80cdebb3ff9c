"""Places that pictures of the heart mark: stimuli, breakthroughs, electrodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from resynchro.heart.mesh import FloatArray

SiteKind = Literal["pacing", "breakthrough", "electrode"]

#: Marker and size [pt] of each kind of site, and both in words.
MARKERS: dict[SiteKind, tuple[str, float]] = {"pacing": ("*", 9.0), "breakthrough": ("o", 4.5), "electrode": ("D", 4.0)}
_WORDS: dict[SiteKind, str] = {
    "pacing": "star: stimulus",
    "breakthrough": "disc: breakthrough",
    "electrode": "diamond: electrode",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedSite:
    """A place to be marked on the heart.

    Attributes
    ----------
    name
        Written beside it, for example ``LV lead``.
    point_mm
        Shape (3,), body axes [mm].
    kind
        ``pacing`` is drawn as a star, ``breakthrough`` as a disc, ``electrode`` as a diamond; open where it lies
        behind what is seen.
    """

    name: str
    point_mm: FloatArray
    kind: SiteKind = "pacing"


def markers_in_words(sites: tuple[MarkedSite, ...]) -> str:
    """Return what the markers of these sites mean, empty for no sites."""
    kinds = {site.kind for site in sites}
    return "; ".join(words for kind, words in _WORDS.items() if kind in kinds)
