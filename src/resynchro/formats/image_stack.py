"""Images in slices from whatever the user names: a DICOM folder or file, or a NIfTI file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from resynchro.errors import InputError
from resynchro.formats.dicom_cine import read_dicom_stacks
from resynchro.formats.dicom_timing import PLAUSIBLE_RR_MS
from resynchro.formats.nifti_image import FORMAT, is_nifti, read_nifti
from resynchro.formats.slice_geometry import spacing_findings
from resynchro.record.finding import Finding
from resynchro.record.slices import CineSlice, CineStack


def read_image_stacks(
    path: str | Path, *, rr_ms: float | None = None, slice_axis: int | None = None
) -> tuple[CineStack, ...]:
    """Read the image stacks of a DICOM folder, a DICOM file or a NIfTI file.

    Parameters
    ----------
    path
        Folder (read with its subfolders) or file; formats are told by content.
    rr_ms
        RR interval for cine images whose files do not give times [ms].
    slice_axis
        NIfTI only: which voxel axis (0, 1 or 2) counts slices; None for the one with the largest spacing.

    Returns
    -------
    tuple of CineStack
        Stacks of three or more parallel slices (plane ``SAX``) first, then the others; at least one. Still images, such
        as late enhancement, are stacks whose slices have one frame and no RR interval.

    Raises
    ------
    InputError
        When nothing there can be used; the message says what was found or is missing.

    Notes
    -----
    A stack of parallel slices is taken for short axis because of its number of slices: a stack of parallel long-axis
    or axial slices cannot be told from it without looking at the heart.
    """
    path = Path(path)
    if rr_ms is not None and not PLAUSIBLE_RR_MS[0] <= rr_ms <= PLAUSIBLE_RR_MS[1]:
        raise InputError(
            f"the RR interval must lie in [{PLAUSIBLE_RR_MS[0]:.0f}, {PLAUSIBLE_RR_MS[1]:.0f}] ms, got {rr_ms:g}: is "
            "it in seconds?"
        )
    if not path.exists():
        raise InputError(f"{path}: there is no such file or folder; check the path")
    if path.is_file() and is_nifti(_head(path)):
        return (_nifti_stack(path, rr_ms, slice_axis),)
    return read_dicom_stacks(path, rr_ms=rr_ms)


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(4096)
    except OSError as error:
        raise InputError(f"{path}: cannot be opened ({error}); check its permissions") from error


def _nifti_stack(path: Path, rr_ms: float | None, slice_axis: int | None) -> CineStack:
    volume = read_nifti(path, slice_axis=slice_axis)
    count = volume.values.shape[1]
    findings = list(volume.findings)
    rr_s: float | None = None
    if count > 1:
        span_ms = rr_ms if rr_ms is not None else count * (volume.frame_ms or 0.0)
        if not PLAUSIBLE_RR_MS[0] <= span_ms <= PLAUSIBLE_RR_MS[1]:
            stated = "no time step in a unit" if volume.frame_ms is None else f"steps of {volume.frame_ms:.4g} ms"
            raise InputError(
                f"{path}: {FORMAT}: {count} frames with {stated} (pixdim[4]) make no beat of {PLAUSIBLE_RR_MS[0]:.0f} "
                f"to {PLAUSIBLE_RR_MS[1]:.0f} ms; give the RR interval (--rr-ms)"
            )
        rr_s = span_ms / 1000.0
        findings.append(
            Finding(
                code="rr-unchecked",
                message=(
                    f"NIfTI holds no RR interval; the {count} frames are taken as one whole beat of {span_ms:.0f} ms"
                ),
            )
        )
    frames = np.ascontiguousarray(volume.values, dtype=np.float32)
    if not np.all(np.isfinite(frames)):
        frames = np.nan_to_num(frames, nan=0.0, posinf=0.0, neginf=0.0)
        findings.append(Finding(code="not-a-number", message="some voxels are no numbers; they were set to 0"))
    time_s = np.zeros(1) if rr_s is None else rr_s * np.arange(count) / count
    for array in (frames, time_s):
        array.setflags(write=False)
    slices = tuple(
        CineSlice(geometry=geometry, frames=frames[index], time_s=time_s, rr_s=rr_s, covers_cycle=True, name=path.name)
        for index, geometry in enumerate(volume.geometries)
    )
    return CineStack(
        slices=slices,
        plane="SAX" if len(slices) >= 3 else "LAX" if len(slices) == 1 else "unknown",
        file=str(path),
        format=FORMAT,
        sha256=volume.sha256,
        findings=(*findings, *spacing_findings(volume.geometries)),
    )
