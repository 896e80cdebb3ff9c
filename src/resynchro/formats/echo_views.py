"""Which segments of the 18-segment model an echo view shows, and how a contour drawn in it runs.

Apical views: two walls, each from base to apex. Septum, inferior and inferolateral wall stand on the left of the
image as usually displayed (from memory, no document was read for it); short-axis views are seen from the apex with the
septum on the left. That a contour was drawn in this way is an assumption wherever a file holds nothing but points.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from resynchro.record.strain import StrainType


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoView:
    """An echo view.

    Attributes
    ----------
    segments
        Six segments in the order of a contour: apical views from the base of the wall on the left over the apex to the
        base of the wall on the right; short axis counter-clockwise on the screen from the anterior insertion of the
        right ventricle, septum first.
    strain_type
        What the length of the contour measures.
    """

    name: str
    segments: tuple[int, int, int, int, int, int]
    strain_type: StrainType


_VIEWS: Final = (
    EchoView(name="4CH", segments=(3, 9, 15, 18, 12, 6), strain_type="longitudinal"),
    EchoView(name="2CH", segments=(4, 10, 16, 13, 7, 1), strain_type="longitudinal"),
    EchoView(name="APLAX", segments=(5, 11, 17, 14, 8, 2), strain_type="longitudinal"),
    EchoView(name="SAX-B", segments=(2, 3, 4, 5, 6, 1), strain_type="circumferential"),
    EchoView(name="SAX-PM", segments=(8, 9, 10, 11, 12, 7), strain_type="circumferential"),
    EchoView(name="SAX-AP", segments=(14, 15, 16, 17, 18, 13), strain_type="circumferential"),
)
_NAMES: Final = {
    "4ch": "4CH",
    "a4c": "4CH",
    "2ch": "2CH",
    "a2c": "2CH",
    "aplax": "APLAX",
    "3ch": "APLAX",
    "a3c": "APLAX",
    "saxb": "SAX-B",
    "saxmv": "SAX-B",
    "saxpm": "SAX-PM",
    "saxm": "SAX-PM",
    "saxap": "SAX-AP",
    "saxa": "SAX-AP",
}
VIEW_NAMES: Final = tuple(view.name for view in _VIEWS)


def echo_view(name: str) -> EchoView | None:
    """Return the view that a name means (``4CH``, ``A4C``, ``SAX-PM`` ...), or None.

    Examples
    --------
    >>> echo_view("a3c").segments, echo_view("PLAX") is None
    ((5, 11, 17, 14, 8, 2), True)
    """
    known = _NAMES.get(re.sub(r"[\s_-]", "", name.lower()))
    return next((view for view in _VIEWS if view.name == known), None)


def view_of_segments(segments: tuple[int, ...]) -> EchoView | None:
    """Return the view that shows all of these segments of the 18-segment model, or None."""
    return next((view for view in _VIEWS if segments and set(segments) <= set(view.segments)), None)


def is_short_axis(view: EchoView) -> bool:
    """Tell whether the contour of the view is a ring."""
    return view.strain_type == "circumferential"
