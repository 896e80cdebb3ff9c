"""A left ventricle in late enhancement whose scar is known exactly: the truth that scar measurement is tested on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError
from resynchro.record.slices import (
    CineSlice,
    CineStack,
    FloatArray,
    LabelConvention,
    LabelSlice,
    LabelStack,
    SliceGeometry,
)

PHANTOM_LABELS = LabelConvention(name="phantom", cavity=1, myocardium=2, scar=3, no_reflow=4, rv=5)
#: Signal of the tissues; scar is 1.
REMOTE, BLOOD, RV_BLOOD, FAT, LUNG, LIVER = 0.15, 0.85, 0.80, 1.30, 0.03, 0.30
_PIXEL_MM, _SLICE_MM = 1.4, 8.0
#: Points per pixel and direction when an image is drawn.
_OVER = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ScarPatch:
    """One scar, growing from the endocardium.

    Attributes
    ----------
    centre_deg, width_deg
        Place in display angles (anterior insertion at 120) [deg].
    transmurality_pct
        Share of the thickness [%].
    slices
        Slices it lies in, counted from the apex; empty for all.
    obstructed
        True for a dark core: the middle half of the width and the inner half of the scar's depth do not enhance.
    inner_pct
        Depth at which it begins; above 0 for scar in the middle of the wall [% of the thickness].
    """

    centre_deg: float
    width_deg: float
    transmurality_pct: float
    slices: tuple[int, ...] = ()
    obstructed: bool = False
    inner_pct: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScarPhantom:
    """Images, labels and the truth.

    Attributes
    ----------
    images, labels
        Slices from apex to base; labels hold scar, no-reflow and right ventricle.
    patches
        The scars.
    """

    images: CineStack
    labels: LabelStack
    patches: tuple[ScarPatch, ...]

    def true_transmurality_pct(self, slice_number: int, display_deg: FloatArray) -> FloatArray:
        """Return the transmurality at display angles [deg] of one slice [%]; patches must not overlap."""
        found = np.zeros_like(np.asarray(display_deg, dtype=float))
        for patch in self.patches:
            if not patch.slices or slice_number in patch.slices:
                found[_inside(np.asarray(display_deg), patch.centre_deg, patch.width_deg)] = patch.transmurality_pct
        return found


def scar_phantom(
    patches: Sequence[ScarPatch] = (),
    *,
    rng: np.random.Generator,
    slice_count: int = 6,
    noise_sd: float = 0.04,
    gain: float | Sequence[float] = 1000.0,
    offset: float | Sequence[float] = 0.0,
    phase_sensitive: bool = False,
    rotation_deg: float = 0.0,
    endo_mm: float = 24.0,
    wall_mm: float = 10.0,
    size: int = 128,
) -> ScarPhantom:
    """Draw a late-enhancement examination of known scar.

    Parameters
    ----------
    patches
        Scars; none for a healthy ventricle.
    rng
        Source of the noise.
    slice_count
        8 mm apart, from the apex (slice 0, smaller cavity) to the base.
    noise_sd
        SD of the noise where scar has signal 1.
    gain, offset
        Stored = gain x signal + offset, one number or one per slice, as when pictures are stretched one by one.
    phase_sensitive
        Signed signal with Gaussian noise, air at zero; else the magnitude with Rician noise.
    rotation_deg
        Turns the heart on the screen, counter-clockwise [deg].
    endo_mm, wall_mm
        Radius of the cavity at the base and thickness of the wall [mm].
    size
        Rows and columns of 1.4 mm.

    Returns
    -------
    ScarPhantom

    Raises
    ------
    InputError
        When the ventricle does not fit the image, or patches are out of range.

    Notes
    -----
    Circles, partial volume by 3 x 3 points per pixel. Around the ventricle: right ventricle as a crescent, lung, liver,
    chest wall with fat. Labels are drawn at the centres of pixels.
    """
    if wall_mm <= 0.0 or endo_mm <= 0.0 or endo_mm + wall_mm > 0.35 * size * _PIXEL_MM:
        raise InputError(
            f"a ventricle of {endo_mm:g} + {wall_mm:g} mm does not fit an image of {size * _PIXEL_MM:.0f} mm: allowed "
            f"are positive lengths, together at most {0.35 * size * _PIXEL_MM:.0f} mm"
        )
    for patch in patches:
        if patch.inner_pct < 0.0 or patch.inner_pct + patch.transmurality_pct > 100.0:
            raise InputError("a patch must lie between 0 and 100 % of the thickness")
    gains, offsets = np.broadcast_to(gain, slice_count), np.broadcast_to(offset, slice_count)
    images, labels = [], []
    for number in range(slice_count):
        radius = endo_mm * (0.55 + 0.45 * (number + 1) / slice_count)
        own = [patch for patch in patches if not patch.slices or number in patch.slices]
        signal, mask = _drawn(own, radius, wall_mm, rotation_deg, size)
        noise = noise_sd * rng.standard_normal((2, size, size))
        noisy = signal + noise[0] if phase_sensitive else np.hypot(signal + noise[0], noise[1])
        frames = np.asarray((gains[number] * noisy + offsets[number])[None], dtype=np.float32)
        frames.setflags(write=False)
        mask.setflags(write=False)
        geometry = _geometry(number)
        images.append(
            CineSlice(
                geometry=geometry, frames=frames, time_s=np.zeros(1), rr_s=None, covers_cycle=True, name="phantom"
            )
        )
        labels.append(LabelSlice(geometry=geometry, labels=mask[None]))
    return ScarPhantom(
        images=CineStack(slices=tuple(images), plane="SAX", file="phantom", format="phantom", sha256=""),
        labels=LabelStack(slices=tuple(labels), convention=PHANTOM_LABELS, file="phantom", sha256=""),
        patches=tuple(patches),
    )


def _geometry(number: int) -> SliceGeometry:
    """Return a slice seen from the apex: columns to the patient's left, rows to the back, base towards the head."""
    return SliceGeometry(
        origin_mm=np.array([0.0, 0.0, _SLICE_MM * number]),
        column_direction=np.array([1.0, 0.0, 0.0]),
        row_direction=np.array([0.0, 1.0, 0.0]),
        row_spacing_mm=_PIXEL_MM,
        column_spacing_mm=_PIXEL_MM,
    )


def _drawn(
    patches: Sequence[ScarPatch], radius_mm: float, wall_mm: float, rotation_deg: float, size: int
) -> tuple[FloatArray, NDArray[np.uint8]]:
    """Return signal, shape (size, size), averaged over fine points, and labels at the centres of the pixels."""
    fine = (np.arange(size * _OVER) + 0.5) / _OVER - 0.5
    _, signal = _tissue(fine, patches, radius_mm, wall_mm, rotation_deg, size)
    averaged = signal.reshape(size, _OVER, size, _OVER).mean(axis=(1, 3))
    labels, _ = _tissue(np.arange(size, dtype=float), patches, radius_mm, wall_mm, rotation_deg, size)
    return averaged, labels


def _tissue(
    at: FloatArray, patches: Sequence[ScarPatch], radius_mm: float, wall_mm: float, rotation_deg: float, size: int
) -> tuple[NDArray[np.uint8], FloatArray]:
    """Return label and signal at rows and columns `at` [pixels]."""
    middle = (size - 1) / 2.0
    x = (at[None, :] - middle) * _PIXEL_MM
    y = -(at[:, None] - middle) * _PIXEL_MM
    distance = np.hypot(x, y)
    angle = (np.degrees(np.arctan2(y, x)) - rotation_deg) % 360.0
    depth = (distance - radius_mm) / wall_mm
    outer = radius_mm + wall_mm
    labels = np.zeros(distance.shape, dtype=np.uint8)
    signal = np.full(distance.shape, LUNG)
    signal[_inside(angle, 285.0, 70.0) & (distance > outer)] = LIVER
    half = 0.5 * size * _PIXEL_MM
    body = np.hypot(x / (0.94 * half), y / (0.80 * half))
    signal[(body > 0.82) & (body <= 1.0)] = LIVER
    signal[(body > 0.90) & (body <= 1.0)] = FAT
    signal[body > 1.0] = 0.0
    # right ventricle: touches the septum from 120 to 240 degrees, thickest in the middle
    swing = np.clip(1.0 - ((angle - 180.0) / 60.0) ** 2, 0.0, 1.0)
    right = (distance > outer) & (distance <= outer + 22.0 * swing)
    signal[right], labels[right] = RV_BLOOD, 5
    wall = (depth > 0.0) & (depth <= 1.0)
    signal[wall], labels[wall] = REMOTE, 2
    cavity = depth <= 0.0
    signal[cavity], labels[cavity] = BLOOD, 1
    for patch in patches:
        start, end = patch.inner_pct / 100.0, (patch.inner_pct + patch.transmurality_pct) / 100.0
        scar = wall & (depth > start) & (depth <= end) & _inside(angle, patch.centre_deg, patch.width_deg)
        signal[scar], labels[scar] = 1.0, 3
        if patch.obstructed:
            core = scar & (depth <= 0.5 * (start + end)) & _inside(angle, patch.centre_deg, 0.5 * patch.width_deg)
            signal[core], labels[core] = REMOTE, 4
    return labels, signal


def _inside(angle_deg: FloatArray, centre_deg: float, width_deg: float) -> NDArray[np.bool_]:
    return np.asarray((angle_deg - centre_deg + width_deg / 2.0) % 360.0 < width_deg)
