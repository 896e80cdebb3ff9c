"""Where a picture of the heart is taken from: the views of the catheter laboratory, in body axes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

#: A direction is named by every body axis that makes up at least this much of it.
_NAMED_SHARE = 0.34
_ENDS = (("L", "R"), ("P", "A"), ("H", "F"))


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartView:
    """A parallel projection of the body onto a picture.

    Attributes
    ----------
    name
        As written over the picture, for example ``RAO 30°``.
    right, up, towards_viewer
        Where the picture's axes point in the body: unit vectors at right angles, shape (3,), in body axes (LPS).
    """

    name: str
    right: FloatArray
    up: FloatArray
    towards_viewer: FloatArray

    def projected(self, points_mm: FloatArray) -> FloatArray:
        """Return places in the picture: right, up, and how near to the viewer, shape (n, 3) [mm]."""
        axes = np.stack([self.right, self.up, self.towards_viewer], axis=1)
        return np.asarray(np.asarray(points_mm, dtype=np.float64) @ axes)

    @property
    def end_letters(self) -> tuple[str, str, str, str]:
        """What lies at the left, right, lower and upper edge: L, R (patient's left, right), A, P (front, back), H, F.

        Two letters where the edge lies between two directions, the nearer one first.
        """
        return _letters(-self.right), _letters(self.right), _letters(-self.up), _letters(self.up)


def c_arm_view(name: str, *, lao_deg: float, cranial_deg: float = 0.0) -> HeartView:
    """Return the view from where the image receptor of a C-arm stands, the patient lying on the back.

    Parameters
    ----------
    name
        As written over the picture.
    lao_deg
        Turn around the long axis of the body from the front to the patient's left (left anterior oblique); negative
        to the right (RAO), 180 from behind [deg].
    cranial_deg
        Tilt towards the head; negative towards the feet [deg].

    Returns
    -------
    HeartView
        Head up, as seen by someone who stands where the receptor is.

    Examples
    --------
    >>> c_arm_view("AP", lao_deg=0).end_letters
    ('R', 'L', 'F', 'H')
    """
    turn, tilt = math.radians(lao_deg), math.radians(cranial_deg)
    right = np.array([math.cos(turn), math.sin(turn), 0.0])
    level = np.array([math.sin(turn), -math.cos(turn), 0.0])
    head = np.array([0.0, 0.0, 1.0])
    towards = math.cos(tilt) * level + math.sin(tilt) * head
    up = math.cos(tilt) * head - math.sin(tilt) * level
    for direction in (right, up, towards):
        direction[np.abs(direction) < 1e-15] = 0.0
        direction.setflags(write=False)
    return HeartView(name=name, right=right, up=up, towards_viewer=towards)


def _letters(direction: FloatArray) -> str:
    order = np.argsort(-np.abs(direction), kind="stable")
    return "".join(_ENDS[axis][int(direction[axis] < 0.0)] for axis in order if abs(direction[axis]) >= _NAMED_SHARE)


#: The four views in the order they are drawn.
STANDARD_VIEWS: tuple[HeartView, ...] = (
    c_arm_view("AP", lao_deg=0.0),
    c_arm_view("RAO 30°", lao_deg=-30.0),
    c_arm_view("LAO 40°", lao_deg=40.0),
    c_arm_view("Posterior", lao_deg=180.0),
)
