"""Masks of the ventricles from a NIfTI file, with the meaning of the numbers checked against the anatomy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resynchro.errors import InputError
from resynchro.formats.file_bytes import sha256_of
from resynchro.formats.nifti_image import is_nifti, read_nifti
from resynchro.formats.slice_geometry import spacing_findings
from resynchro.record.finding import Finding
from resynchro.record.slices import LABEL_CONVENTIONS, LabelArray, LabelConvention, LabelSlice, LabelStack

_PARTS = tuple(field.name for field in fields(LabelConvention) if field.name != "name")


def label_convention(text: str) -> LabelConvention:
    """Return the label convention that a name or a map means.

    Parameters
    ----------
    text
        A name of `LABEL_CONVENTIONS`, or a map such as ``cavity=1,myocardium=2,rv=3``.

    Raises
    ------
    InputError
        For unknown names and parts, a part or number given twice, or without cavity and myocardium.

    Examples
    --------
    >>> label_convention("acdc").cavity, label_convention("cavity=1, myocardium=5").myocardium
    (3, 5)
    """
    name = text.strip().lower()
    if name in LABEL_CONVENTIONS:
        return LABEL_CONVENTIONS[name]
    given: dict[str, int] = {}
    for item in name.split(","):
        part, equals, value = (piece.strip() for piece in item.partition("="))
        if not equals or part not in _PARTS or not value.isdecimal() or not 1 <= int(value) <= 255 or part in given:
            raise InputError(
                f"label map {text!r}: {item.strip()!r} is not understood; allowed are "
                f"{', '.join(sorted(LABEL_CONVENTIONS))}, or each of {', '.join(_PARTS)} once as NAME=NUMBER (1 to 255)"
            )
        given[part] = int(value)
    if len(set(given.values())) != len(given):
        raise InputError(f"label map {text!r}: two parts have the same number")
    if "cavity" not in given or "myocardium" not in given:
        raise InputError(f"label map {text!r}: cavity and myocardium are needed, for example cavity=1,myocardium=2")
    return LabelConvention(
        name=name,
        cavity=given["cavity"],
        myocardium=given["myocardium"],
        scar=given.get("scar"),
        no_reflow=given.get("no_reflow"),
        rv=given.get("rv"),
        rv_wall=given.get("rv_wall"),
    )


def read_label_stack(
    path: str | Path, convention: str | LabelConvention, *, slice_axis: int | None = None
) -> LabelStack:
    """Read a label image.

    Parameters
    ----------
    path
        A NIfTI file of whole numbers, 3-D or 4-D.
    convention
        What the numbers mean: a `LabelConvention`, or text for `label_convention`.
    slice_axis
        Which voxel axis (0, 1 or 2) counts slices; None for the one with the largest spacing.

    Returns
    -------
    LabelStack
        Slices in order of position. Findings name missing right-ventricular masks and numbers without a meaning.

    Raises
    ------
    InputError
        When the file is no NIfTI or holds no whole numbers, cavity or myocardium are missing, or the cavity lies
        outside of the myocardium (labels swapped, or another convention).
    """
    path = Path(path)
    meaning = convention if isinstance(convention, LabelConvention) else label_convention(convention)
    if path.is_file():
        with path.open("rb") as stream:
            if not is_nifti(stream.read(4096)):
                raise InputError(f"{path}: is no NIfTI file; masks are read from .nii and .nii.gz")
    volume = read_nifti(path, slice_axis=slice_axis)
    labels = _whole_numbers(volume.values, path)
    findings = [*volume.findings, *_check_meaning(labels, meaning, path)]
    labels.setflags(write=False)
    return LabelStack(
        slices=tuple(
            LabelSlice(geometry=geometry, labels=labels[index]) for index, geometry in enumerate(volume.geometries)
        ),
        convention=meaning,
        file=str(path),
        sha256=volume.sha256,
        findings=(*findings, *spacing_findings(volume.geometries)),
    )


def joined_phases(stacks: Sequence[LabelStack]) -> LabelStack:
    """Join masks of single phases (one file for end-diastole, one for end-systole) into one stack over time.

    Raises
    ------
    InputError
        When the slices do not lie at the same places, the matrices differ, or the maps do.
    """
    first = stacks[0]
    if len(stacks) == 1:
        return first
    for other in stacks[1:]:
        alike = len(other.slices) == len(first.slices) and other.convention == first.convention
        if not alike or any(
            one.labels.shape[1:] != two.labels.shape[1:]
            or np.max(np.abs(one.geometry.origin_mm - two.geometry.origin_mm)) > 0.1
            for one, two in zip(first.slices, other.slices, strict=True)
        ):
            raise InputError(f"{other.file}: its slices are not those of {first.file}; masks of one heart are needed")
    slices = []
    for members in zip(*(stack.slices for stack in stacks), strict=True):
        labels = np.concatenate([member.labels for member in members])
        labels.setflags(write=False)
        slices.append(LabelSlice(geometry=members[0].geometry, labels=labels))
    return LabelStack(
        slices=tuple(slices),
        convention=first.convention,
        file=" + ".join(stack.file for stack in stacks),
        sha256=sha256_of(*(stack.sha256.encode() for stack in stacks)),
        findings=tuple(dict.fromkeys(finding for stack in stacks for finding in stack.findings)),
    )


def _whole_numbers(values: NDArray[Any], path: Path) -> LabelArray:
    if values.dtype.kind == "f" and not np.all(np.isfinite(values)):
        raise InputError(f"{path}: the masks hold values that are no numbers; export them again")
    rounded = np.rint(values) if values.dtype.kind == "f" else values
    if values.dtype.kind == "f" and np.max(np.abs(rounded - values), initial=0.0) > 1e-3:
        raise InputError(f"{path}: holds fractions, masks are whole numbers: is this the image instead of its masks?")
    low, high = rounded.min(), rounded.max()
    if low < 0 or high > 255:
        raise InputError(f"{path}: holds values from {low} to {high}, labels lie in [0, 255]: is this an image?")
    return np.ascontiguousarray(rounded.astype(np.uint8))


def _check_meaning(labels: LabelArray, meaning: LabelConvention, path: Path) -> list[Finding]:
    there = {int(value) for value in np.unique(labels)} - {0}
    known = {number for part in _PARTS if (number := getattr(meaning, part)) is not None}
    lacking = [part for part in ("cavity", "myocardium") if getattr(meaning, part) not in there]
    if lacking:
        raise InputError(
            f"{path}: no voxel has the label of {' and '.join(lacking)} ({meaning.name}); labels there are "
            f"{_few(sorted(there))}: give the right map, for example cavity=1,myocardium=2"
        )
    _check_ring(labels, meaning, path)
    findings = []
    if there - known:
        findings.append(
            Finding(
                code="unknown-labels",
                message=f"labels {_few(sorted(there - known))} have no meaning in the map {meaning.name} and were left "
                "out",
            )
        )
    if meaning.rv is None or meaning.rv not in there:
        findings.append(
            Finding(
                code="no-right-ventricle",
                message=(
                    "the masks hold no right ventricle: its volumes are absent, and segments need insertion points "
                    "from elsewhere"
                ),
            )
        )
    return findings


def _few(numbers: Sequence[int]) -> str:
    """Return the first numbers in words; an image taken for labels holds hundreds."""
    if not numbers:
        return "none"
    shown = ", ".join(map(str, numbers[:8]))
    return shown if len(numbers) <= 8 else f"{shown} and {len(numbers) - 8} more (is it an image, not a mask?)"


def _check_ring(labels: LabelArray, meaning: LabelConvention, path: Path) -> None:
    """The cavity lies nearer to the middle of the wall than the wall itself; the other way round is a swapped map."""
    wall = [meaning.myocardium, *(number for number in (meaning.scar, meaning.no_reflow) if number is not None)]
    inside = outside = 0
    images = labels.reshape(-1, *labels.shape[-2:])
    for image in images:
        cavity_at, wall_at = np.argwhere(image == meaning.cavity), np.argwhere(np.isin(image, wall))
        if len(cavity_at) < 10 or len(wall_at) < 10:
            continue
        centre = wall_at.mean(axis=0)
        cavity_mm = float(np.linalg.norm(cavity_at - centre, axis=1).mean())
        if cavity_mm > float(np.linalg.norm(wall_at - centre, axis=1).mean()):
            outside += len(cavity_at)
        else:
            inside += len(cavity_at)
    if outside > inside:
        raise InputError(
            f"{path}: label {meaning.cavity} (cavity) lies outside of label {meaning.myocardium} (myocardium): the map "
            f"{meaning.name} does not fit these masks; known ones are {', '.join(sorted(LABEL_CONVENTIONS))}, or give "
            "your own, for example cavity=1,myocardium=2,rv=3"
        )
