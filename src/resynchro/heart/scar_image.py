"""Scar in the heart from a label image in the same frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import MeasurementError
from resynchro.heart.heart import RV_FREE_WALL, Heart
from resynchro.heart.mesh import FloatArray
from resynchro.heart.scar import BORDER_MM, with_scar_elements
from resynchro.record.finding import Finding
from resynchro.record.slices import LabelStack

#: With less of the labelled scar in the wall of the heart, image and heart do not share a frame.
_LEAST_INSIDE_SHARE = 0.2


def with_scar_labels(
    heart: Heart, labels: LabelStack, *, border_label: int | None = None, frame: int = 0, border_mm: float = BORDER_MM
) -> Heart:
    """Return the heart with the scar of a label image in the same frame.

    Parameters
    ----------
    heart
        In the patient's own frame (from contours or masks of the same examination).
    labels
        With a label for scar; no-reflow counts as core, too. Parallel slices, from the position of each halfway to the
        next.
    border_label
        A label that is border zone; without it the border zone is a rim of `border_mm` around the core.
    frame
        Which phase.
    border_mm
        Width of the rim [mm].

    Raises
    ------
    MeasurementError
        When the image has no scar label or no such voxel, its scar lies beside the heart, or scar is almost
        everywhere.
    """
    convention = labels.convention
    wanted = [number for number in (convention.scar, convention.no_reflow) if number is not None]
    if not wanted:
        raise MeasurementError(f"labels of kind {convention.name!r} have no number for scar; choose another convention")
    centres = heart.mesh.points_mm[heart.mesh.tetrahedra].mean(axis=1)
    found = _labels_at(labels, centres, frame)
    core = np.isin(found, wanted)
    scar_mm3 = _labelled_mm3(labels, wanted, frame)
    if scar_mm3 == 0.0:
        raise MeasurementError(f"{labels.file}: no voxel is labelled as scar; leave the scar out")
    inside = float(heart.mesh.volumes_mm3[core].sum()) / scar_mm3
    if inside < _LEAST_INSIDE_SHARE:
        raise MeasurementError(
            f"{labels.file}: {100.0 * inside:.0f} % of the labelled scar lies in the wall of the heart; image and "
            "heart must share one frame: use contours and scar of the same examination, or the map per segment"
        )
    message = f"{100.0 * inside:.0f} % of the labelled scar volume lies in the wall of the heart"
    if (heart.wall[core] == RV_FREE_WALL).any():
        message += ", a part of it in the free wall of the right ventricle"
    border = None if border_label is None else found == border_label
    scarred = with_scar_elements(heart, core, border, border_mm=border_mm)
    note = Finding(code="scar-from-image", message=message)
    return replace(scarred, findings=(*scarred.findings, note))


def _labels_at(labels: LabelStack, points_mm: FloatArray, frame: int) -> NDArray[np.uint8]:
    """Return the label of the nearest slice at points (0 outside), shape (n,)."""
    normal = labels.slices[0].geometry.normal
    position = np.array([item.geometry.origin_mm @ normal for item in labels.slices])
    height = points_mm @ normal
    nearest = np.argmin(np.abs(height[:, None] - position), axis=1)
    distance = np.abs(height - position[nearest])
    found = np.zeros(len(points_mm), dtype=np.uint8)
    half = 0.5 * _spacing_mm(position)
    for index, item in enumerate(labels.slices):
        of_slice = np.flatnonzero((nearest == index) & (distance <= half))
        row, column = item.geometry.to_pixel(points_mm[of_slice])
        picture = item.labels[min(frame, len(item.labels) - 1)]
        at = np.rint(np.stack([row, column])).astype(np.int64)
        within = np.all((at >= 0) & (at < np.array(picture.shape)[:, None]), axis=0)
        found[of_slice[within]] = picture[at[0, within], at[1, within]]
    return found


def _spacing_mm(position_mm: FloatArray) -> float:
    """Return the usual distance of slices [mm]; of a single one its reach is 10 mm."""
    return float(np.median(np.diff(np.sort(position_mm)))) if len(position_mm) > 1 else 10.0


def _labelled_mm3(labels: LabelStack, wanted: list[int], frame: int) -> float:
    normal = labels.slices[0].geometry.normal
    spacing = _spacing_mm(np.array([item.geometry.origin_mm @ normal for item in labels.slices]))
    return float(
        sum(
            np.isin(item.labels[min(frame, len(item.labels) - 1)], wanted).sum()
            * item.geometry.pixel_area_mm2
            * spacing
            for item in labels.slices
        )
    )
