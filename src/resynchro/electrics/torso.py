"""A template torso: a smooth body surface of the patient's size, the standard electrodes on it, the heart inside.

The body has its own origin: midline, middle of the chest's depth, height of V1 and V2 (fourth intercostal space at the
sternum). Sections are superellipses, so that the front of the chest is flat and its sides are round.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from resynchro.electrics.electrodes import Electrodes
from resynchro.errors import InputError
from resynchro.heart.mesh import FloatArray, HeartMesh
from resynchro.record.ecg import Sex

#: Body height and weight where nothing is known: usual middle-aged adults (design choice).
USUAL_HEIGHT_CM = {"female": 163.0, "male": 176.0, None: 170.0}
USUAL_WEIGHT_KG = {"female": 68.0, "male": 82.0, None: 75.0}
#: Girth of the chest at the fourth intercostal space at a body mass index of 25 kg/m2 and the usual height, and what
#: each unit of the index adds (design choice: clothing sizes and their growth with weight).
_GIRTH_MM = {"female": 900.0, "male": 970.0, None: 935.0}
_GIRTH_PER_BMI_MM = 21.0
#: Depth over width of the chest, and the exponent of the superellipses.
_DEPTH_TO_WIDTH = 0.72
_EXPONENT = 2.5
#: Height above the fourth intercostal space [mm, for a body of 176 cm], half width and half depth relative to the chest
#: at that space: from the groin over waist and chest to the shoulders and the root of the neck.
_PROFILE = np.array(
    [
        (-400.0, 1.02, 0.84),
        (-330.0, 1.00, 0.86),
        (-240.0, 0.91, 0.88),
        (-120.0, 0.95, 0.96),
        (0.0, 1.00, 1.00),
        (70.0, 1.06, 0.95),
        (125.0, 1.16, 0.79),
        (160.0, 1.02, 0.62),
        (190.0, 0.60, 0.50),
        (210.0, 0.40, 0.45),
    ]
)
_PROFILE_HEIGHT_CM = 176.0
#: The centre of the muscle of both ventricles. With the axes of `resynchro.heart.standard_position` the middle of the
#: LV comes to lie 57 mm left of the midline and 72 mm behind the skin; in the one person whose chest is in the images
#: that the axes come from (biv-me example) 56 mm left of the spine and about 72 mm behind the skin. The right ventricle
#: is then 25 mm under the skin behind V2, and valves lie as anatomy books have them: aortic and pulmonary valve behind
#: the left border of the sternum at the third space, tricuspid valve behind the sternum at the fourth.
_HEART_LEFT_OF_MIDLINE = 0.255  # of the half width
_HEART_BEHIND_SKIN = 0.56  # of the half depth, from the skin in the midline
_HEART_BELOW_SPACE_MM = 14.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Torso:
    """A body surface.

    Attributes
    ----------
    half_width_mm, half_depth_mm
        Of the chest at the fourth intercostal space [mm].
    height_scale
        Body height over 176 cm.
    origin_mm
        Where midline, middle of the depth and fourth intercostal space meet, body axes, shape (3,) [mm].
    """

    half_width_mm: float
    half_depth_mm: float
    height_scale: float
    origin_mm: FloatArray

    def __post_init__(self) -> None:
        origin_mm = np.array(self.origin_mm, dtype=np.float64)
        origin_mm.setflags(write=False)
        object.__setattr__(self, "origin_mm", origin_mm)

    @property
    def lowest_mm(self) -> float:
        """Height of the lowest section above the fourth intercostal space [mm]."""
        return float(_PROFILE[0, 0]) * self.height_scale

    @property
    def highest_mm(self) -> float:
        """Height of the highest section above the fourth intercostal space [mm]."""
        return float(_PROFILE[-1, 0]) * self.height_scale

    def half_axes_mm(self, height_mm: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return half width and half depth at heights above the fourth intercostal space [mm]."""
        level = np.clip(np.asarray(height_mm) / self.height_scale, _PROFILE[0, 0], _PROFILE[-1, 0])
        factors = PchipInterpolator(_PROFILE[:, 0], _PROFILE[:, 1:])(level)
        return factors[..., 0] * self.half_width_mm, factors[..., 1] * self.half_depth_mm

    def front_of_skin_mm(self, x_mm: float, height_mm: float) -> FloatArray:
        """Return the point of the front of the body at a distance left of the midline and a height, shape (3,) [mm]."""
        half_width, half_depth = self.half_axes_mm(np.array(height_mm))
        share = 1.0 - abs(x_mm / float(half_width)) ** _EXPONENT
        if share < 0.0:
            raise InputError(f"{x_mm:g} mm beside the midline is outside a body of half width {half_width:g} mm")
        local = np.array([x_mm, -float(half_depth) * share ** (1.0 / _EXPONENT), height_mm])
        return np.asarray(self.origin_mm + local)

    def contains(self, points_mm: FloatArray) -> FloatArray:
        """Return how far points lie inside, shape (n,): below 1 inside, 1 on the skin, above 1 outside."""
        local = points_mm - self.origin_mm
        half_width, half_depth = self.half_axes_mm(local[:, 2])
        radial = np.abs(local[:, 0] / half_width) ** _EXPONENT + np.abs(local[:, 1] / half_depth) ** _EXPONENT
        middle = 0.5 * (self.highest_mm + self.lowest_mm)
        axial = np.abs(local[:, 2] - middle) / (self.highest_mm - middle)
        return np.asarray(np.maximum(radial ** (1.0 / _EXPONENT), axial))

    def sections_mm(self, heights_mm: FloatArray, *, points: int = 73) -> FloatArray:
        """Return closed outlines at heights above the fourth space, shape (heights, points, 3), body axes [mm]."""
        half_width, half_depth = self.half_axes_mm(heights_mm)
        angle = np.linspace(0.0, 2.0 * np.pi, points)
        cosine, sine = np.cos(angle), np.sin(angle)
        x = np.sign(cosine) * np.abs(cosine) ** (2.0 / _EXPONENT)
        y = np.sign(sine) * np.abs(sine) ** (2.0 / _EXPONENT)
        local = np.empty((heights_mm.size, points, 3))
        local[..., 0] = half_width[:, None] * x
        local[..., 1] = half_depth[:, None] * y
        local[..., 2] = heights_mm[:, None]
        return local + self.origin_mm

    def filled_sections_mm(self, heights_mm: FloatArray, disc: FloatArray) -> FloatArray:
        """Return points of the unit disc, shape (n, 2), laid into the sections, shape (heights, n, 3) [mm]."""
        half_width, half_depth = self.half_axes_mm(heights_mm)
        x, y = np.abs(disc[:, 0]), np.abs(disc[:, 1])
        rim = (x**_EXPONENT + y**_EXPONENT) ** (1.0 / _EXPONENT)
        stretch = np.hypot(x, y) / np.where(rim > 0.0, rim, 1.0)
        local = np.empty((heights_mm.size, len(disc), 3))
        local[..., 0] = half_width[:, None] * disc[:, 0] * stretch
        local[..., 1] = half_depth[:, None] * disc[:, 1] * stretch
        local[..., 2] = heights_mm[:, None]
        return local + self.origin_mm

    def electrodes(self) -> Electrodes:
        """Return the standard electrodes on this body.

        Returns
        -------
        Electrodes
            V1 and V2 in the fourth intercostal space at the borders of the sternum, V4 in the fifth at the
            midclavicular line, V3 between V2 and V4, V5 and V6 at the height of V4 at the anterior and the middle
            axillary line. The arms join the body at the shoulders, the left leg at the left groin: a limb is a wire,
            its electrode has the potential of its root.

        References
        ----------
        Kligfield P et al. Circulation 2007;115:1306-1324. doi:10.1161/CIRCULATIONAHA.106.180200.
        """
        scale = self.height_scale
        sternum = 22.0 * scale
        fifth_space = -40.0 * scale
        clavicle = 0.52 * self.half_width_mm
        v2 = self.front_of_skin_mm(sternum, 0.0)
        v4 = self.front_of_skin_mm(clavicle, fifth_space)
        middle = 0.5 * (v2 + v4) - self.origin_mm
        side = float(self.half_axes_mm(np.array(fifth_space))[0])
        shoulder = 125.0 * scale
        arm = float(self.half_axes_mm(np.array(shoulder))[0])
        return Electrodes(
            positions_mm=np.stack(
                [
                    self.origin_mm + np.array([-arm, 0.0, shoulder]),
                    self.origin_mm + np.array([arm, 0.0, shoulder]),
                    self.front_of_skin_mm(0.55 * self.half_width_mm, -340.0 * scale),
                    self.front_of_skin_mm(-sternum, 0.0),
                    v2,
                    self.front_of_skin_mm(float(middle[0]), float(middle[2])),
                    v4,
                    self.front_of_skin_mm(0.86 * side, fifth_space),
                    self.origin_mm + np.array([side, 0.0, fifth_space]),
                ]
            )
        )


def heart_centre_mm(mesh: HeartMesh) -> FloatArray:
    """Return the centre of the muscle of both ventricles, shape (3,) [mm]."""
    volumes_mm3 = mesh.volumes_mm3
    centres_mm = mesh.points_mm[mesh.tetrahedra].mean(axis=1)
    return np.asarray(volumes_mm3 @ centres_mm / volumes_mm3.sum())


def template_torso(
    centre_mm: FloatArray,
    *,
    sex: Sex | None = None,
    height_cm: float | None = None,
    weight_kg: float | None = None,
    chest_girth_mm: float | None = None,
    heart_offset_mm: FloatArray | tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> Torso:
    """Put a torso of the patient's size around a heart.

    Parameters
    ----------
    centre_mm
        Centre of the muscle of both ventricles, shape (3,), body axes (LPS) [mm]; see `heart_centre_mm`.
    sex, height_cm, weight_kg
        None takes the usual adult [cm, kg].
    chest_girth_mm
        Girth of the chest at the fourth intercostal space [mm]; None estimates it from height and weight.
    heart_offset_mm
        How far the heart lies left, back and headwards of its usual place in this body [mm].

    Returns
    -------
    Torso

    Raises
    ------
    InputError
        When a size is out of the range of adults.

    Notes
    -----
    A design of this project, not a statistical model of bodies. Electrode positions of a patient differ from it by
    centimetres, which changes the precordial leads most.
    """
    height = USUAL_HEIGHT_CM[sex] if height_cm is None else height_cm
    weight = USUAL_WEIGHT_KG[sex] if weight_kg is None else weight_kg
    if weight_kg is None and height_cm is not None:
        weight *= (height / USUAL_HEIGHT_CM[sex]) ** 2
    for name, value, low, high in (("height [cm]", height, 130.0, 220.0), ("weight [kg]", weight, 30.0, 250.0)):
        if not low <= value <= high:
            raise InputError(f"body {name} must lie in [{low:g}, {high:g}], got {value:g}")
    if chest_girth_mm is None:
        index = weight / (height / 100.0) ** 2
        chest_girth_mm = (_GIRTH_MM[sex] + _GIRTH_PER_BMI_MM * (index - 25.0)) * height / USUAL_HEIGHT_CM[sex]
        chest_girth_mm = float(np.clip(chest_girth_mm, 600.0, 1700.0))
    if not 600.0 <= chest_girth_mm <= 1700.0:
        raise InputError(f"chest girth must lie in [600, 1700] mm, got {chest_girth_mm:g}: is it in centimetres?")
    half_width_mm = chest_girth_mm / _girth_of_unit_width()
    half_depth_mm = _DEPTH_TO_WIDTH * half_width_mm
    scale = height / _PROFILE_HEIGHT_CM
    usual_place = np.array(
        [
            _HEART_LEFT_OF_MIDLINE * half_width_mm,
            -(1.0 - _HEART_BEHIND_SKIN) * half_depth_mm,
            -_HEART_BELOW_SPACE_MM * scale,
        ]
    )
    centre = np.asarray(centre_mm, dtype=np.float64)
    return Torso(
        half_width_mm=half_width_mm,
        half_depth_mm=half_depth_mm,
        height_scale=scale,
        origin_mm=centre - usual_place - np.asarray(heart_offset_mm, dtype=np.float64),
    )


def torso_electrodes(
    centre_mm: FloatArray,
    *,
    sex: Sex | None = None,
    height_cm: float | None = None,
    weight_kg: float | None = None,
    chest_girth_mm: float | None = None,
    heart_offset_mm: FloatArray | tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> Electrodes:
    """Return the standard electrodes on the template torso around a heart; parameters as in `template_torso`."""
    return template_torso(
        centre_mm,
        sex=sex,
        height_cm=height_cm,
        weight_kg=weight_kg,
        chest_girth_mm=chest_girth_mm,
        heart_offset_mm=heart_offset_mm,
    ).electrodes()


def _girth_of_unit_width() -> float:
    """Return the girth of the chest's section over its half width."""
    angle = np.linspace(0.0, 2.0 * np.pi, 2001)
    x = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** (2.0 / _EXPONENT)
    y = _DEPTH_TO_WIDTH * np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** (2.0 / _EXPONENT)
    return float(np.hypot(np.diff(x), np.diff(y)).sum())
