"""NIfTI files (.nii, .nii.gz): voxels with their place, turned from RAS to LPS here and nowhere else."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError
from resynchro.formats.file_bytes import read_bytes, sha256_of
from resynchro.formats.slice_geometry import checked_geometry
from resynchro.record.finding import Finding
from resynchro.record.slices import FloatArray, SliceGeometry

FORMAT: Final = "NIfTI"
#: Most voxels unpacked from one file; a cine of 30 frames, 20 slices and 512 x 512 pixels has 157 million.
MOST_VOXELS: Final = 192 * 1024 * 1024
_RAS_TO_LPS: Final = np.array([-1.0, -1.0, 1.0])
_MM_PER_UNIT: Final = {"mm": 1.0, "meter": 1000.0, "micron": 0.001, "unknown": 1.0}
_MS_PER_UNIT: Final = {"sec": 1000.0, "msec": 1.0, "usec": 0.001}
#: More header than any NIfTI file needs, extensions included.
_HEADER_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class NiftiVolume:
    """One NIfTI file as slices.

    Attributes
    ----------
    geometries
        One per slice, in order of position along their common normal.
    values
        Shape (slices, T, rows, columns), in the file's type after its scaling.
    frame_ms
        Time between frames [ms]; None where the file does not say it in a unit.
    """

    geometries: tuple[SliceGeometry, ...]
    values: NDArray[Any]
    frame_ms: float | None
    file: str
    sha256: str
    findings: tuple[Finding, ...]


def is_nifti(head: bytes) -> bool:
    """Tell from the first bytes of a file whether it is NIfTI, compressed or not."""
    if head[:2] == b"\x1f\x8b":
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, 4096)
        except zlib.error:
            return False
    return head[344:348] in (b"n+1\x00", b"ni1\x00") or head[4:8] in (b"n+2\x00", b"ni2\x00")


def read_nifti(path: Path, *, slice_axis: int | None = None) -> NiftiVolume:
    """Read a 3-D or 4-D NIfTI file.

    Parameters
    ----------
    path
        One file; pairs of .hdr and .img are not read.
    slice_axis
        Which voxel axis (0, 1 or 2) counts slices; None for the one with the largest spacing.

    Returns
    -------
    NiftiVolume

    Raises
    ------
    InputError
        When the file is damaged, claims more than `MOST_VOXELS` voxels, holds no real numbers, or its axes are not at
        right angles within a slice.
    """
    if slice_axis not in (None, 0, 1, 2):
        raise InputError(f"the slice axis is 0, 1 or 2, got {slice_axis}")
    content = read_bytes(path)
    image = _opened(content)
    shape = tuple(int(length) for length in image.shape)
    shape = (*shape, *([1] * (4 - len(shape)))) if len(shape) < 4 else shape
    if len(shape) > 4 and set(shape[4:]) == {1}:
        shape = shape[:4]
    if len(shape) != 4 or min(shape) < 1:
        raise InputError(f"{FORMAT}: the image has dimensions {image.shape}, allowed are 3 (space) and 4 (time)")
    try:
        voxels = np.asanyarray(image.dataobj)
    except Exception as error:  # nibabel passes on errors of numpy, zlib and its own
        raise InputError(f"{FORMAT}: the file is damaged or cut off ({str(error)[:200]})") from error
    if voxels.dtype.kind not in "iufb":
        raise InputError(f"{FORMAT}: voxels of type {voxels.dtype}, real numbers are needed")
    voxels = voxels.reshape(shape)
    space, time_unit = _units(image)
    affine = np.array(image.affine, dtype=float)
    if not np.all(np.isfinite(affine)):
        raise InputError(f"{FORMAT}: the place of the image holds values that are no numbers; export it again")
    directions = affine[:3, :3] * space * _RAS_TO_LPS[:, None]
    spacing = np.linalg.norm(directions, axis=0)
    axis = _slice_axis(shape, spacing) if slice_axis is None else slice_axis
    geometries, order = _geometries(directions, affine[:3, 3] * space * _RAS_TO_LPS, spacing, shape, axis)
    in_plane = [other for other in range(3) if other != axis]
    # The first voxel axis of a slice counts columns, as in DICOM; rows are the second.
    values = np.transpose(voxels, (axis, 3, in_plane[1], in_plane[0]))[order]
    header = image.header
    findings = []
    if int(header["sform_code"]) == 0 and int(header["qform_code"]) == 0:
        findings.append(
            Finding(
                code="no-orientation",
                message="the file states no orientation (sform and qform are 0): left and right are a guess",
            )
        )
    step = float(header["pixdim"][4]) * _MS_PER_UNIT.get(time_unit, math.nan)
    return NiftiVolume(
        geometries=geometries,
        values=values,
        frame_ms=step if math.isfinite(step) and step > 0 else None,
        file=str(path),
        sha256=sha256_of(content),
        findings=tuple(findings),
    )


def _opened(content: bytes) -> Any:
    """Unpack no more than the header says the image needs, and that only when it is bounded."""
    import nibabel.nifti1
    import nibabel.nifti2

    head = _inflated(content, _HEADER_BYTES)
    newer = head[4:8] in (b"n+2\x00", b"ni2\x00")
    kind: Any = nibabel.nifti2.Nifti2Image if newer else nibabel.nifti1.Nifti1Image
    if head[344:348] == b"ni1\x00" or head[4:8] == b"ni2\x00":
        raise InputError(f"{FORMAT}: the header says the voxels are in another file; save as one .nii file")
    try:
        header = kind.header_class.from_fileobj(_stream(head))
        counted = math.prod(int(length) for length in header.get_data_shape())
        size = int(header.get_data_dtype().itemsize)
        offset = int(header.get_data_offset())
    except Exception as error:  # see above
        raise InputError(f"{FORMAT}: the header is damaged ({str(error)[:200]})") from error
    if not 0 < counted <= MOST_VOXELS or not 0 <= offset <= _HEADER_BYTES:
        raise InputError(
            f"{FORMAT}: the header claims {counted} voxels after {offset} bytes; allowed are 1 to {MOST_VOXELS} "
            "voxels: the file is damaged, or crop it to the heart"
        )
    whole = _inflated(content, offset + counted * size)
    if len(whole) < offset + counted * size:
        raise InputError(
            f"{FORMAT}: {counted} voxels need {counted * size} bytes, the file holds {max(0, len(whole) - offset)}: it "
            "is cut off, copy it again"
        )
    try:
        return kind.from_bytes(whole)
    except Exception as error:  # see above
        raise InputError(f"{FORMAT}: the file is damaged ({str(error)[:200]})") from error


def _stream(content: bytes) -> Any:
    from io import BytesIO

    return BytesIO(content)


def _inflated(content: bytes, most_bytes: int) -> bytes:
    if content[:2] != b"\x1f\x8b":
        return content[:most_bytes]
    try:
        return zlib.decompressobj(wbits=31).decompress(content, most_bytes)
    except zlib.error as error:
        raise InputError(f"{FORMAT}: the compressed file is damaged ({error}); copy it again") from error


def _units(image: Any) -> tuple[float, str]:
    try:
        space, time = image.header.get_xyzt_units()
    except Exception:  # a code that the standard does not know
        return 1.0, "unknown"
    return _MM_PER_UNIT.get(space, 1.0), str(time)


def _slice_axis(shape: tuple[int, ...], spacing: FloatArray) -> int:
    single = [axis for axis in range(3) if shape[axis] == 1]
    if len(single) == 1:
        return single[0]
    largest = int(np.argmax(spacing))
    return largest if spacing[largest] > 1.05 * np.median(spacing) else 2


def _geometries(
    directions: FloatArray, origin_mm: FloatArray, spacing: FloatArray, shape: tuple[int, ...], axis: int
) -> tuple[tuple[SliceGeometry, ...], list[int]]:
    """Return the geometry of each slice in order along the normal, and that order as slice indices."""
    columns, rows = (other for other in range(3) if other != axis)
    if not np.all(spacing > 0):
        raise InputError(f"{FORMAT}: an axis of the image has no length; the place of the image is damaged")
    slices = [
        checked_geometry(
            origin_mm + index * directions[:, axis],
            directions[:, columns] / spacing[columns],
            directions[:, rows] / spacing[rows],
            (float(spacing[rows]), float(spacing[columns])),
        )
        for index in range(shape[axis])
    ]
    step = float(directions[:, axis] @ slices[0].normal)
    if shape[axis] > 1 and abs(step) < 0.1 * spacing[axis]:
        raise InputError(f"{FORMAT}: the slices lie in one plane; the place of the image is damaged")
    order = list(range(shape[axis]))
    if step < 0:
        order.reverse()
    return tuple(slices[index] for index in order), order
