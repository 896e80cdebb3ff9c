"""Gated short-axis slices in NIfTI: one file with the gates last, or a folder with one 3-D file per gate."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np

from resynchro.errors import InputError
from resynchro.formats.file_bytes import read_bytes, sha256_of
from resynchro.formats.gated_stack import GATES_RANGE, checked_counts
from resynchro.record.finding import Finding
from resynchro.record.gated_spect import GatedSpect
from resynchro.record.slices import FloatArray, ImageArray, SliceGeometry

FORMAT: Final = "NIfTI"
#: Most voxels that are unpacked: 64 gates of 64 slices of 128 x 128.
MOST_VOXELS: Final = 64 * 1024 * 1024
_RAS_TO_LPS: Final = np.diag([-1.0, -1.0, 1.0])
#: Seconds per unit of time of the header (xyzt_units).
_SECONDS: Final = {"sec": 1.0, "msec": 1e-3, "usec": 1e-6}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Volume:
    voxels: ImageArray  # shape (columns, rows, slices, times), as stored
    affine: FloatArray  # LPS
    spacing_mm: tuple[float, float, float]
    time_step_s: float | None
    sha256: str
    placed: bool


def is_nifti(head: bytes) -> bool:
    """Tell from the first bytes whether a file is NIfTI-1 or NIfTI-2, plain or gzipped.

    Parameters
    ----------
    head
        The first 4096 bytes.
    """
    if head[:2] == b"\x1f\x8b":
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, 600)
        except zlib.error:
            return False
    return head[344:347] in (b"n+1", b"ni1") or head[4:7] in (b"n+2", b"ni2")


def read_nifti_gated(path: Path) -> GatedSpect:
    """Read gated slices from one 4-D NIfTI file, or from a folder of 3-D files, one per gate in the order of names.

    Parameters
    ----------
    path
        The file (``.nii`` or ``.nii.gz``) or the folder.

    Returns
    -------
    GatedSpect
        The third axis is taken for the slices. In-plane axes that run along the patient's axes are turned to the usual
        display first (patient's left on the right, back or feet below); oblique ones stay as stored.

    Raises
    ------
    InputError
        When a file is damaged, unpacks to more than `MOST_VOXELS` voxels, has no time axis, or the files of a folder
        differ in size or place.
    """
    if path.is_dir():
        volumes, files = _folder(path)
    else:
        volumes, files = [_volume(path)], [path]
    first = volumes[0]
    if len(volumes) == 1 and first.voxels.shape[3] == 1:
        raise InputError(
            f"{FORMAT}: {path} is one 3-D image without gates; give a 4-D file with the gates last, or a folder with "
            "one 3-D file per gate"
        )
    voxels = np.concatenate([volume.voxels for volume in volumes], axis=3)
    counts, findings = checked_counts(np.ascontiguousarray(voxels.transpose(3, 2, 1, 0)))
    geometry, step_mm, turned = _displayed(first, counts.shape)
    counts = counts[:, :, :: -1 if turned[0] else 1, :: -1 if turned[1] else 1]
    gates = counts.shape[0]
    rr_s = None if first.time_step_s is None or len(volumes) > 1 else first.time_step_s * gates
    if rr_s is not None and not 0.25 <= rr_s <= 3.0:
        rr_s = None
    if len(files) > 1:
        message = (
            f"{len(files)} files were taken as gates in the order of their names ({files[0].name} to {files[-1].name})"
        )
        findings += (Finding(code="gates-by-name", message=message),)
    return GatedSpect(
        counts=counts,
        slice_spacing_mm=first.spacing_mm[2],
        row_spacing_mm=first.spacing_mm[1],
        column_spacing_mm=first.spacing_mm[0],
        file=str(path),
        format=FORMAT,
        sha256=first.sha256 if len(volumes) == 1 else sha256_of(*(volume.sha256.encode() for volume in volumes)),
        rr_s=rr_s,
        geometry=geometry,
        slice_step_mm=step_mm,
        findings=findings,
    )


def _folder(path: Path) -> tuple[list[_Volume], list[Path]]:
    names = sorted(
        (file for file in path.iterdir() if re.search(r"\.nii(\.gz)?$", file.name, re.IGNORECASE)),
        key=lambda file: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", file.name.lower())],
    )
    low, high = GATES_RANGE
    if not low <= len(names) <= high:
        raise InputError(
            f"{path}: the folder holds {len(names)} NIfTI files, needed is one per gate ({low} to {high}); name a "
            "4-D file instead, or tidy the folder"
        )
    volumes = [_volume(file, share=len(names)) for file in names]
    for file, volume in zip(names, volumes, strict=True):
        if volume.voxels.shape != (*volumes[0].voxels.shape[:3], 1):
            raise InputError(f"{file}: holds {volume.voxels.shape} voxels, the first gate {volumes[0].voxels.shape}")
        if not np.allclose(volume.affine, volumes[0].affine, atol=1e-2):
            raise InputError(f"{file}: lies elsewhere than the first gate; all gates must share one grid")
    return volumes, names


def _volume(path: Path, *, share: int = 1) -> _Volume:
    content = read_bytes(path)
    raw = _unpacked(content, MOST_VOXELS * 8 // share)
    import nibabel
    from nibabel.spatialimages import HeaderDataError

    try:
        kind = nibabel.nifti2.Nifti2Header if raw[4:7] in (b"n+2", b"ni2") else nibabel.nifti1.Nifti1Header
        header = kind.from_fileobj(BytesIO(raw), check=False)  # type: ignore[no-untyped-call]
        shape = tuple(int(size) for size in header.get_data_shape())
        dtype = header.get_data_dtype()
        offset = int(header.get_data_offset())
        slope, intercept = header.get_slope_inter()
        affine = np.asarray(header.get_best_affine(), dtype=float)
        zooms = tuple(float(size) for size in header.get_zooms())
        placed = int(header["sform_code"]) > 0 or int(header["qform_code"]) > 0
        unit = header.get_xyzt_units()[1]
    except (HeaderDataError, ValueError, KeyError, TypeError, OverflowError, EOFError, IndexError) as error:
        raise InputError(f"{FORMAT}: {path}: the header is damaged ({str(error)[:120]})") from error
    shape = _four(path, shape)
    voxels = int(np.prod(shape, dtype=np.float64)) if np.prod(shape, dtype=np.float64) < 1e15 else 10**15
    if voxels * share > MOST_VOXELS:
        raise InputError(f"{FORMAT}: {path}: claims {shape} voxels; at most {MOST_VOXELS} are unpacked")
    if dtype.kind not in "iuf" or dtype.itemsize > 8:
        raise InputError(f"{FORMAT}: {path}: voxels of type {dtype}; grey values (whole or real numbers) are needed")
    if offset < 0 or offset + voxels * dtype.itemsize > len(raw):
        raise InputError(
            f"{FORMAT}: {path}: holds {len(raw)} bytes, {shape} voxels of {dtype} need more; it is cut off"
        )
    with np.errstate(over="ignore", invalid="ignore"):
        data = np.frombuffer(raw, dtype=dtype, count=voxels, offset=offset).reshape(shape, order="F").astype(np.float32)
        if slope is not None and np.isfinite(slope) and slope != 0.0:
            data = data * np.float32(slope) + np.float32(intercept or 0.0)
    spacing = tuple(abs(size) for size in zooms[:3])
    if not all(0.5 <= size <= 20.0 for size in spacing):
        raise InputError(
            f"{FORMAT}: {path}: voxels of {' x '.join(f'{size:g}' for size in spacing)} mm, allowed are 0.5 to 20: "
            "is the unit millimetres?"
        )
    step_s = zooms[3] * _SECONDS[unit] if len(zooms) > 3 and unit in _SECONDS and zooms[3] > 0.0 else None
    lps = np.eye(4)
    lps[:3] = _RAS_TO_LPS @ affine[:3]
    return _Volume(
        voxels=data,
        affine=lps,
        spacing_mm=(spacing[0], spacing[1], spacing[2]),
        time_step_s=step_s,
        sha256=sha256_of(content),
        placed=placed and bool(np.isfinite(lps).all()) and abs(float(np.linalg.det(lps[:3, :3]))) > 1e-6,
    )


def _unpacked(content: bytes, most_bytes: int) -> bytes:
    """Return the bytes of a file, inflated up to a limit when it is gzipped."""
    if content[:2] != b"\x1f\x8b":
        raw = content
    else:
        inflate = zlib.decompressobj(wbits=31)
        try:
            raw = inflate.decompress(content, min(most_bytes, 4 * 64 * 1024 * 1024))
        except zlib.error as error:
            raise InputError(f"{FORMAT}: the gzip file is damaged ({error})") from error
        if inflate.unconsumed_tail:
            raise InputError(f"{FORMAT}: the gzip file unpacks to more than {len(raw)} bytes, the most that is read")
    if len(raw) < 352 or not is_nifti(raw[:600]):
        raise InputError(f"{FORMAT}: the file is no single-file NIfTI image (.nii, .nii.gz)")
    return raw


def _four(path: Path, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Return the sizes of four axes; axes of length 1 behind the fourth are dropped."""
    if any(size < 1 for size in shape) or len(shape) < 3 or any(size != 1 for size in shape[4:]):
        raise InputError(
            f"{FORMAT}: {path}: the image has the shape {shape}; 3-D, or 4-D with the gates last, is needed"
        )
    return shape[0], shape[1], shape[2], shape[3] if len(shape) > 3 else 1


def _displayed(
    volume: _Volume, shape: tuple[int, ...]
) -> tuple[SliceGeometry | None, FloatArray | None, tuple[bool, bool]]:
    """Return the geometry of the first slice, the step between slices, and which in-plane axes (row, column) turn."""
    if not volume.placed:
        return None, None, (False, False)
    columns, rows, steps = (volume.affine[:3, axis] for axis in range(3))
    column_mm, row_mm = float(np.linalg.norm(columns)), float(np.linalg.norm(rows))
    directions = [columns / column_mm, rows / row_mm]
    origin = volume.affine[:3, 3].copy()
    turned = [False, False]
    if all(float(np.abs(direction).max()) > 0.999 for direction in directions):
        for position, (direction, step, count) in enumerate(
            zip(directions, (columns, rows), (shape[3], shape[2]), strict=True)
        ):
            axis = int(np.abs(direction).argmax())
            wanted = -1.0 if axis == 2 else 1.0  # left, back, feet: as on a screen
            if direction[axis] * wanted < 0.0:
                origin = origin + step * (count - 1)
                directions[position] = -direction
                turned[position] = True
    geometry = SliceGeometry(
        origin_mm=origin,
        column_direction=directions[0],
        row_direction=directions[1],
        row_spacing_mm=row_mm,
        column_spacing_mm=column_mm,
    )
    return geometry, np.asarray(steps), (turned[1], turned[0])
