"""The phantoms that tracking is judged with: ten that are each hard in one way, and a family with a late segment."""

from __future__ import annotations

import numpy as np

from resynchro.imaging.motion.annulus_image import AnnulusPhantom
from resynchro.imaging.motion.annulus_motion import AnnulusMotion, AnnulusScar

#: What is hard about each of the ten.
SUITE_NAMES: tuple[str, ...] = (
    "left bundle branch block",
    "synchronous",
    "block and scar",
    "rotated and twisted",
    "focal akinesis",
    "small, thick wall",
    "dilated, weak",
    "fifty frames, fine pixels",
    "noise x 2.4",
    "texture-free wall",
)


def suite_phantom(number: int) -> AnnulusPhantom:
    """Return one of the ten phantoms.

    Parameters
    ----------
    number
        0 to 9, in the order of `SUITE_NAMES`.
    """
    motions = {
        1: AnnulusMotion(peak_pct=20.0, delay_ms=0.0, coupling=0.0),
        2: AnnulusMotion(scar=AnnulusScar(centre_deg=-20.0, width_deg=60.0, depth=0.95)),
        3: AnnulusMotion(late_deg=60.0, rotation_deg=16.0, twist_deg=8.0),
        4: AnnulusMotion(delay_ms=0.0, coupling=0.2, scar=AnnulusScar(centre_deg=-60.0, width_deg=70.0, depth=1.0)),
        5: AnnulusMotion(endo_mm=20.0, wall_mm=13.0, peak_pct=18.0, delay_ms=80.0),
        6: AnnulusMotion(endo_mm=36.0, wall_mm=8.0, peak_pct=9.0),
    }
    if not 0 <= number < len(SUITE_NAMES):
        raise IndexError(f"the suite has phantoms 0 to {len(SUITE_NAMES) - 1}, got {number}")
    motion = motions.get(number, AnnulusMotion())
    if number == 6:
        return AnnulusPhantom(motion=motion, pixel_mm=1.6)
    if number == 7:
        return AnnulusPhantom(motion=motion, pixel_mm=1.25, frames=50)
    if number == 8:
        return AnnulusPhantom(motion=motion, noise=0.072)
    if number == 9:
        return AnnulusPhantom(motion=motion, texture=0.0)
    return AnnulusPhantom(motion=motion)


def target_phantom(rng: np.random.Generator) -> AnnulusPhantom:
    """Draw a phantom with a graded delay round the ring: late angle, size, wall, strength and noise are random."""
    return AnnulusPhantom(
        motion=AnnulusMotion(
            late_deg=float(rng.uniform(-180.0, 180.0)),
            endo_mm=float(rng.uniform(22.0, 34.0)),
            wall_mm=float(rng.uniform(7.5, 11.0)),
            peak_pct=float(rng.uniform(10.0, 18.0)),
        ),
        noise=float(rng.uniform(0.02, 0.06)),
    )
