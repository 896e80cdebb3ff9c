"""The intensities that scar is judged on: slices on one scale, with their remote sector and their blood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from resynchro.imaging.scar.remote_myocardium import (
    RemoteSector,
    capped_by_examination,
    given_sector,
    remote_sector,
)
from resynchro.imaging.scar.scar_rules import EnhancedSlice
from resynchro.imaging.scar.scar_slices import MaskedSlice
from resynchro.imaging.scar.slice_intensity import CommonScale, common_scale
from resynchro.record.finding import Finding
from resynchro.record.slices import FloatArray

BoolArray = NDArray[np.bool_]
#: ``as_stored``: one scale for all slices, as a scanner delivers. ``matched``: slices brought to one scale by what
#: surrounds the heart. ``each``: every slice by itself. ``auto``: matched when they look stretched one by one.
Scales = Literal["auto", "as_stored", "matched", "each"]

#: Cavity this far from its border counts as blood [pixels].
_BLOOD_MARGIN = 2
#: Ratio of gains between slices from which on a common scale is doubted (our choice).
_UNEVEN_GAIN = 1.3


def examination_scale(
    stored: Sequence[FloatArray],
    hearts: Sequence[BoolArray],
    scales: Scales,
    rescaled: bool,
    findings: list[Finding],
) -> tuple[CommonScale, str]:
    """Return gain and offset per slice, and which of `Scales` was used; a reason to beware goes to `findings`.

    Parameters
    ----------
    stored, hearts
        Images as stored; cavity and wall in each.
    scales
        What was asked for.
    rescaled
        From `rescaled_slice_by_slice`.
    """
    count = len(stored)
    unchanged = CommonScale(gain=np.ones(count), offset=np.zeros(count))
    if scales == "each" or count == 1:
        return unchanged, "each"
    if scales == "as_stored":
        return unchanged, "as_stored"
    matched = common_scale(stored, hearts)
    if scales == "auto" and not rescaled:
        if matched is not None and float(matched.gain.max() / matched.gain.min()) > _UNEVEN_GAIN:
            findings.append(
                Finding(
                    code="slices-uneven",
                    message=(
                        f"what surrounds the heart is up to {matched.gain.max() / matched.gain.min():.1f} times as "
                        "bright in one slice as in another: if the slices were stretched one by one, bring them to one "
                        "scale (--scales matched)"
                    ),
                )
            )
        return unchanged, "as_stored"
    if matched is None:
        findings.append(
            Finding(
                code="slices-alone",
                message=(
                    "the slices were stretched one by one and could not be matched by their surroundings: every slice "
                    "was judged by itself, which under-calls slices that are mostly scar; use unscaled images"
                ),
            )
        )
        return unchanged, "each"
    findings.append(
        Finding(
            code="slices-matched",
            message=(
                "the slices look stretched one by one and were brought to one scale by what surrounds the heart; use "
                "unscaled images where you can"
            ),
        )
    )
    return matched, "matched"


def enhanced_slices(
    masked: Sequence[MaskedSlice],
    stored: Sequence[FloatArray],
    scale: CommonScale,
    remote_deg: float | None,
    *,
    pooled: bool,
) -> list[EnhancedSlice]:
    """Bring the slices to one scale and measure remote sector and blood in each.

    Parameters
    ----------
    masked, stored
        Slices and their images as stored.
    scale
        From `examination_scale`.
    remote_deg
        Middle of the remote sector on the screen [deg], or None to find it.
    pooled
        Whether slices may be compared, so that a slice without remote tissue borrows from the others.

    Raises
    ------
    InputError
        For an angle that is none.
    MeasurementError
        When a sector holds too little wall.
    """
    images = [gain * image + offset for image, gain, offset in zip(stored, scale.gain, scale.offset, strict=True)]
    sectors = []
    for item, image in zip(masked, images, strict=True):
        values, angles = image[item.wall], item.screen_angles_deg()
        sectors.append(
            remote_sector(values, angles) if remote_deg is None else given_sector(values, angles, remote_deg)
        )
    if pooled and remote_deg is None:
        sectors = list(capped_by_examination(sectors))
    blood = [_blood(image, item.cavity) for image, item in zip(images, masked, strict=True)]
    known = [value for value in blood if value is not None]
    usual = float(np.median(known)) if known else float(np.max([image.max() for image in images]))
    return [
        EnhancedSlice(
            image=image,
            wall=item.wall,
            cavity=item.cavity,
            remote=sector,
            blood=usual if value is None else value,
        )
        for image, item, sector, value in zip(images, masked, sectors, blood, strict=True)
    ]


def _blood(image: FloatArray, cavity: BoolArray) -> float | None:
    from scipy import ndimage

    if not cavity.any():
        return None
    inner = ndimage.binary_erosion(cavity, iterations=_BLOOD_MARGIN)
    return float(np.median(image[inner if inner.any() else cavity]))


def sector_as_stored(remote: RemoteSector, gain: float, offset: float) -> RemoteSector:
    """Return a sector in the intensities of the stored image."""
    return RemoteSector(
        centre_deg=remote.centre_deg,
        mean=(remote.mean - offset) / gain,
        sd=remote.sd / gain,
        used_mean=(remote.used_mean - offset) / gain,
        pixels=remote.pixels,
        chosen=remote.chosen,
    )
