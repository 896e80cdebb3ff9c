"""How to turn the C-arm so that the target is seen from outside, or in profile."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from resynchro.imaging.target.ventricle_place import outward_normal
from resynchro.record.veins import FloatArray, LvLandmarks


@dataclass(frozen=True, slots=True, kw_only=True)
class CArmView:
    """Angles of one view.

    Attributes
    ----------
    lao_deg
        Left anterior oblique; negative is right anterior oblique (RAO) [deg].
    cranial_deg
        Cranial; negative is caudal [deg].
    name
        For example ``LAO 42 / caudal 10``.
    """

    lao_deg: float
    cranial_deg: float
    name: str


def view_along(direction: FloatArray) -> CArmView:
    """Return the view whose detector lies in a direction from the heart.

    Parameters
    ----------
    direction
        From the heart to the detector, shape (3,), LPS; any length but 0.

    Returns
    -------
    CArmView
        From ``d = (sin a cos b, -cos a cos b, sin b)``: a = LAO(+)/RAO(-), b = cranial(+)/caudal(-), after the DICOM
        definition of the positioner angles (PS3.3 C.8.7.5).

    Examples
    --------
    >>> view_along(np.array([0.0, -1.0, 0.0])).name, view_along(np.array([1.0, -1.0, 0.0])).name
    ('LAO 0 / cranial 0', 'LAO 45 / cranial 0')
    """
    x, y, z = (float(part) for part in direction / np.linalg.norm(direction))
    lao = math.degrees(math.atan2(x, -y))
    cranial = math.degrees(math.asin(max(-1.0, min(1.0, z))))
    side = f"LAO {abs(lao):.0f}" if round(lao) >= 0 else f"RAO {abs(lao):.0f}"
    tilt = f"cranial {abs(cranial):.0f}" if round(cranial) >= 0 else f"caudal {abs(cranial):.0f}"
    return CArmView(lao_deg=lao, cranial_deg=cranial, name=f"{side} / {tilt}")


def views_of_segment(segment: int, landmarks: LvLandmarks) -> tuple[CArmView, CArmView]:
    """Return the view that looks at a segment from outside or through the heart, and one with it in profile.

    Parameters
    ----------
    segment
        Of the 17-segment model.
    landmarks
        In LPS; the patient lies as in the images.

    Returns
    -------
    tuple of CArmView
        En face (the detector in front of the patient, so the sign of the normal is chosen with y < 0) and profile
        (perpendicular to the normal and as close to straight anterior as that allows).
    """
    normal = outward_normal(segment, landmarks)
    face = normal if normal[1] < 0.0 else -normal
    anterior = np.array([0.0, -1.0, 0.0])
    profile = anterior - normal * float(anterior @ normal)
    if float(np.linalg.norm(profile)) < 1e-6:  # the wall faces straight forwards: seen from the side
        profile = np.array([1.0, 0.0, 0.0])
    return view_along(face), view_along(profile)
