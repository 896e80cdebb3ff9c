"""Cine MRI (and still MR images) as DICOM files: frames put together by place and time, never by series.

TriggerTime differs between the slices of one examination, a slice may be a series of its own or share one with all
others, and file names mean nothing; only position, orientation and time say what belongs together.
"""

from __future__ import annotations

import hashlib
import warnings
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from resynchro.errors import InputError
from resynchro.formats.dicom_content import FORMAT, open_dicom
from resynchro.formats.dicom_ecg import is_dicom_ecg
from resynchro.formats.dicom_frames import DicomFrame, dicom_frames
from resynchro.formats.dicom_timing import slice_over_time
from resynchro.formats.file_bytes import read_bytes, sha256_of
from resynchro.formats.slice_geometry import ROUNDING, spacing_findings
from resynchro.record.finding import Finding
from resynchro.record.slices import CineSlice, CineStack

#: Most files looked at in one folder, and most samples kept from all of them (1 GiB as 32-bit numbers).
_MOST_FILES = 20_000
_MOST_SAMPLES = 256 * 1024 * 1024
_HEAD_BYTES = 4096


def read_dicom_stacks(path: Path, *, rr_ms: float | None = None) -> tuple[CineStack, ...]:
    """Read all images of a DICOM folder (with its subfolders) or file.

    Parameters
    ----------
    path
        Folder or file.
    rr_ms
        RR interval for slices whose files hold neither times nor an interval [ms].

    Returns
    -------
    tuple of CineStack
        Stacks of three or more parallel slices first, the largest first; no name, date of birth or number of the
        patient is kept.

    Raises
    ------
    InputError
        When nothing there is a usable image; the message of the first refused file is passed on.
    """
    files = _files(path)
    frames: list[DicomFrame] = []
    refused: list[tuple[Path, str]] = []
    other = samples = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom remarks on every UID and text that bends the standard
        for file in files:
            if not is_dicom_ecg(_head(file)):
                other += 1
                continue
            try:
                content = read_bytes(file)
                found = dicom_frames(open_dicom(content), sha256_of(content))
            except InputError as error:
                refused.append((file, str(error)))
                continue
            samples += sum(frame.pixels.size for frame in found)
            if samples > _MOST_SAMPLES:
                raise InputError(
                    f"{path}: more than {_MOST_SAMPLES} samples of images, the most that is read at once; name the "
                    "folder of the cine series only"
                )
            frames += found
    if not frames:
        raise InputError(
            f"{path}: {refused[0][0].name}: {refused[0][1]}"
            if refused
            else f"{path}: holds no DICOM file ({other} other files); name the folder of the cine MRI"
        )
    findings = _file_findings(refused, other, path)
    unusable: list[str] = []
    stacks = [stack for group in _parallel_groups(frames) for stack in _stacks(group, path, rr_ms, findings, unusable)]
    if not stacks:
        raise InputError(f"{path}: {unusable[0]}")
    if unusable:
        loss = Finding(
            code="unusable-slices", message=f"{len(unusable)} slices were left out, the first: {unusable[0]}"
        )
        stacks = [replace(stack, findings=(*stack.findings, loss)) for stack in stacks]
    return tuple(sorted(stacks, key=lambda stack: (stack.plane != "SAX", -len(stack.slices), stack.sha256)))


def _files(path: Path) -> list[Path]:
    try:
        files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    except OSError as error:
        raise InputError(f"{path}: cannot be listed ({error}); check its permissions") from error
    if len(files) > _MOST_FILES:
        raise InputError(f"{path}: holds {len(files)} files, at most {_MOST_FILES} are read; name one examination")
    return files


def _head(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(_HEAD_BYTES)
    except OSError as error:
        raise InputError(f"{file}: cannot be opened ({error}); check the path and its permissions") from error


def _file_findings(refused: list[tuple[Path, str]], other: int, path: Path) -> tuple[Finding, ...]:
    findings = []
    if refused:
        name, message = refused[0]
        findings.append(
            Finding(
                code="unreadable-images",
                message=f"{len(refused)} DICOM files could not be used, the first is {name.name}: {message}",
            )
        )
    if other and path.is_dir():
        findings.append(Finding(code="other-files", message=f"{other} files are not DICOM and were left out"))
    return tuple(findings)


def _parallel_groups(frames: Sequence[DicomFrame]) -> list[list[DicomFrame]]:
    """Group frames of one frame of reference, orientation and kind."""
    groups: list[list[DicomFrame]] = []
    for frame in frames:
        for group in groups:
            if _parallel(group[0], frame):
                group.append(frame)
                break
        else:
            groups.append([frame])
    return groups


def _parallel(one: DicomFrame, other: DicomFrame) -> bool:
    a, b = one.geometry, other.geometry
    return (
        one.frame_of_reference == other.frame_of_reference
        and one.kind == other.kind
        and bool(np.all(np.abs(a.column_direction - b.column_direction) < ROUNDING))
        and bool(np.all(np.abs(a.row_direction - b.row_direction) < ROUNDING))
    )


def _stacks(
    frames: list[DicomFrame],
    path: Path,
    rr_ms: float | None,
    findings: tuple[Finding, ...],
    unusable: list[str],
) -> list[CineStack]:
    """Put the frames of one orientation together: cine slices as one stack, still images as another."""
    places = _places(frames)
    slices: dict[bool, list[CineSlice]] = defaultdict(list)
    remarks: dict[bool, list[Finding]] = defaultdict(list)
    digests: dict[bool, set[str]] = defaultdict(set)
    for number, place in enumerate(places, 1):
        kept, repeated = _one_acquisition(place)
        try:
            made, found = slice_over_time(kept, rr_ms=rr_ms, label=f"slice {number} of {len(places)}")
        except InputError as error:
            unusable.append(str(error))
            continue
        moving = len(made.time_s) > 1
        slices[moving].append(made)
        remarks[moving] += found
        digests[moving] |= {frame.digest for frame in kept}
        if repeated:
            remarks[moving].append(
                Finding(
                    code="repeated-slice",
                    message=f"slice {number} of {len(places)} was acquired {repeated + 1} times; the last one is used",
                )
            )
    stacks = []
    for moving, members in slices.items():
        kept_slices, uneven = _equal_counts(members)
        geometries = [member.geometry for member in kept_slices]
        stacks.append(
            CineStack(
                slices=kept_slices,
                plane="SAX" if len(members) >= 3 else "LAX" if len(members) == 1 else "unknown",
                file=str(path),
                format=FORMAT,
                sha256=_digest(digests[moving]),
                findings=(*findings, *_merged(remarks[moving]), *uneven, *spacing_findings(geometries)),
            )
        )
    return stacks


def _places(frames: list[DicomFrame]) -> list[list[DicomFrame]]:
    """Group parallel frames by position, in order along the normal; in-plane position counts too."""
    normal = frames[0].geometry.normal
    places: list[list[DicomFrame]] = []
    for frame in sorted(frames, key=lambda frame: float(frame.geometry.origin_mm @ normal)):
        for place in reversed(places[-8:]):
            if np.all(np.abs(place[0].geometry.origin_mm - frame.geometry.origin_mm) < ROUNDING * 10):
                place.append(frame)
                break
        else:
            places.append([frame])
    # One slice moved within its plane between two acquisitions is still one slice: the last one counts.
    merged: list[list[DicomFrame]] = []
    for place in places:
        offset = place[0].geometry.origin_mm - merged[-1][0].geometry.origin_mm if merged else normal
        if abs(float(offset @ normal)) < ROUNDING * 10:
            merged[-1] += place
        else:
            merged.append(place)
    return merged


def _one_acquisition(frames: list[DicomFrame]) -> tuple[list[DicomFrame], int]:
    """Return the frames of the last acquisition at a place, and how many there were besides.

    One series per slice, one for all slices and one per phase are all pooled: only when two frames claim the same
    time (or two images the same still) are series kept apart.
    """
    times = [frame.trigger_ms if frame.trigger_ms is not None else frame.order[:2] for frame in frames]
    moved = any(
        np.any(np.abs(frame.geometry.origin_mm - frames[0].geometry.origin_mm) > ROUNDING * 10) for frame in frames
    )
    if len(set(times)) == len(times) and not moved:
        return frames, 0
    by_series: dict[str, list[DicomFrame]] = defaultdict(list)
    for frame in frames:
        by_series[frame.series].append(frame)
    longest = max(len(members) for members in by_series.values())
    whole = [members for members in by_series.values() if len(members) == longest]
    last = max(whole, key=lambda members: (max(m.order[2] or 0.0 for m in members), members[0].series))
    return _without_copies(last), len(by_series) - 1


def _without_copies(frames: list[DicomFrame]) -> list[DicomFrame]:
    """Leave out frames that are the same file twice, or claim a time that another one has."""
    kept: dict[object, DicomFrame] = {}
    for frame in frames:
        kept.setdefault((frame.trigger_ms, frame.order[0], frame.order[1]), frame)
    return list(kept.values())


def _equal_counts(slices: list[CineSlice]) -> tuple[tuple[CineSlice, ...], tuple[Finding, ...]]:
    counts = Counter(len(member.time_s) for member in slices)
    if len(counts) == 1:
        return tuple(slices), ()
    usual = max(counts, key=lambda count: (counts[count], count))
    left_out = [number for number, member in enumerate(slices, 1) if len(member.time_s) != usual]
    listed = ", ".join(f"{count} in {number}" for count, number in sorted(counts.items()))
    message = (
        f"slices {', '.join(map(str, left_out))} of {len(slices)} have other numbers of frames than the usual {usual} "
        f"({listed} slices) and were left out; files may be missing"
    )
    kept = tuple(member for member in slices if len(member.time_s) == usual)
    return kept, (Finding(code="unequal-frame-counts", message=message),)


def _merged(findings: list[Finding]) -> tuple[Finding, ...]:
    """Say what holds for many slices once."""
    by_code: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_code[finding.code].append(finding)
    return tuple(
        group[0] if len(group) == 1 else replace(group[0], message=f"{group[0].message} (and {len(group) - 1} more)")
        for group in by_code.values()
    )


def _digest(digests: set[str]) -> str:
    """Return one digest for many files, whatever their names."""
    return hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()
