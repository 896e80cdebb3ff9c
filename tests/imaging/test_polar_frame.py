"""The polar frame of the wall and the displacement fields in it."""

from __future__ import annotations

import numpy as np
import pytest

from resynchro.errors import InputError
from resynchro.imaging.motion.polar_basis import DEGREE, polar_basis, powers, smoothness_penalty
from resynchro.imaging.motion.polar_frame import PolarFrame, polar_frame


def circle(radius_mm: float, centre: tuple[float, float] = (60.0, 50.0), points: int = 60) -> np.ndarray:
    angle = 2.0 * np.pi * np.arange(points) / points
    return np.stack((centre[0] - radius_mm * np.sin(angle), centre[1] + radius_mm * np.cos(angle)), axis=-1)


def wall() -> PolarFrame:
    return polar_frame(circle(24.0), circle(34.0))


def test_a_round_wall() -> None:
    frame = wall()
    assert frame.centre_mm == pytest.approx((60.0, 50.0), abs=1e-9)
    # A polygon of 60 points lies up to r (1 - cos 3 deg) = 0.03 mm inside the circle.
    assert frame.endo_mm == pytest.approx(24.0, abs=0.04)
    assert frame.radius_mm(frame.mid_depth) == pytest.approx(np.sqrt((24.0**2 + 34.0**2) / 2.0), abs=0.04)
    # Shown the usual way: display angle 0 to the right, 90 up (smaller rows).
    quarter = len(frame.display_deg) // 4
    assert frame.outward[0] == pytest.approx((0.0, 1.0), abs=1e-12)
    assert frame.outward[quarter] == pytest.approx((-1.0, 0.0), abs=1e-12)
    assert frame.sideways[0] == pytest.approx((-1.0, 0.0), abs=1e-12)


def test_an_oval_wall_and_its_slopes() -> None:
    angle = np.linspace(0.0, 2.0 * np.pi, 400, endpoint=False)
    inner, outer = 25.0 + 2.0 * np.cos(2.0 * angle), 35.0 + 1.0 * np.sin(angle)
    place = np.stack((-np.sin(angle), np.cos(angle)), axis=-1)
    frame = polar_frame(inner[:, None] * place, outer[:, None] * place)
    radius, theta = frame.polar(frame.points_mm(frame.endo_mm))
    assert radius == pytest.approx(frame.endo_mm)
    assert np.abs((theta - frame.angles_rad + np.pi) % (2.0 * np.pi) - np.pi).max() < 1e-12
    numeric = np.gradient(np.r_[frame.endo_mm[-1], frame.endo_mm, frame.endo_mm[0]], np.radians(3.0))[1:-1]
    assert frame.endo_slope_mm == pytest.approx(numeric, abs=0.02)


def test_seen_from_the_base_angles_run_the_other_way() -> None:
    frame = polar_frame(circle(24.0), circle(34.0), anterior_rad=np.radians(60.0), sense=-1)
    anterior = frame.outward[int(120 / 3)]  # display angle 120
    assert anterior == pytest.approx((-np.sin(np.radians(60.0)), np.cos(np.radians(60.0))), abs=1e-12)
    septum = frame.outward[int(180 / 3)]  # clockwise from there: at 0 degrees on the screen
    assert septum == pytest.approx((0.0, 1.0), abs=1e-12)


@pytest.mark.parametrize(
    ("endo", "epi", "message"),
    [
        (circle(34.0), circle(24.0), "swapped"),
        (circle(24.0)[:5], circle(34.0), "at least 8"),
        (np.full((20, 2), np.nan), circle(34.0), "finite"),
        (circle(0.1), circle(34.0), "encloses"),
    ],
)
def test_contours_that_are_no_wall(endo: np.ndarray, epi: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        polar_frame(endo, epi)


def field_of(frame: PolarFrame, field: np.ndarray) -> np.ndarray:
    """Fit a field given at three depths, shape (3, angles, 2) as (row, column), by the basis."""
    basis = polar_basis(frame)
    through = powers(np.stack([np.full_like(frame.endo_mm, s) for s in (-1.0, 0.0, 1.0)]))
    columns = [basis.displacement_mm(unit, through).ravel() for unit in np.eye(basis.size)]
    return np.linalg.lstsq(np.stack(columns, axis=-1), field.ravel(), rcond=None)[0]


def depths(frame: PolarFrame) -> np.ndarray:
    return np.stack([frame.radius_mm(np.full_like(frame.endo_mm, s)) for s in (-1.0, 0.0, 1.0)])


def test_rigid_motion_and_even_contraction_cost_nothing() -> None:
    frame = wall()
    penalty = smoothness_penalty(polar_basis(frame), 1.0, 1.0)
    offset = frame.points_mm(depths(frame)) - frame.centre_mm
    shift = np.broadcast_to([3.0, -2.0], offset.shape)
    turn = offset @ np.array([[0.0, 0.1], [-0.1, 0.0]])  # small rotation
    for field in (shift, turn, -0.2 * offset):
        coefficients = field_of(frame, field)
        assert coefficients @ penalty @ coefficients == pytest.approx(0.0, abs=1e-6)


def test_uneven_contraction_costs_what_it_should() -> None:
    # u_r = R k cos(2 Theta): Ecc = k cos 2 Theta, (dEcc/dTheta)^2 has the mean 4 k^2 / 2 = 2 k^2;
    # div u = 2 k cos 2 Theta, its variance is 2 k^2.
    frame, k = wall(), 0.05
    radius = depths(frame)
    field = (radius * k * np.cos(2.0 * frame.angles_rad))[..., None] * frame.outward
    coefficients = field_of(frame, field)
    for weights in ((1.0, 0.0), (0.0, 1.0)):
        penalty = smoothness_penalty(polar_basis(frame), *weights)
        assert coefficients @ penalty @ coefficients == pytest.approx(2.0 * k**2, rel=1e-3)
    assert DEGREE == 2 and len(coefficients) == 66
