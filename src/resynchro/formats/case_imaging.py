"""The imaging examinations that a case names, read into the records of a visit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from resynchro.errors import InputError
from resynchro.formats.case_files import inside_folder
from resynchro.formats.case_problem import Place, shown_value
from resynchro.record.strain import CardiacEvents
from resynchro.record.visit import VisitCine, VisitScar, VisitSpect, VisitStrain, VisitVeins

#: The keys of a visit that name examinations, and within each the keys that name files or folders.
EXAMINATIONS: Mapping[str, tuple[str, ...]] = {
    "strain": ("file", "files", "events_file"),
    "scar": ("file", "mask"),
    "cine": ("file", "labels", "guide_points"),
    "spect": ("file",),
    "veins": ("file",),
}

ReadExamination = Callable[[str, Path, Mapping[str, Any]], object]


def named_files(examination: str, keys: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    """Yield every path that an examination names, with its place below the examination."""
    for key in EXAMINATIONS[examination]:
        value = keys.get(key)
        if isinstance(value, str):
            yield (key,), value
        elif isinstance(value, list):
            for index, name in enumerate(value):
                if isinstance(name, str):
                    yield (key, index), name


def missing_files(home: Path, examination: str, keys: Mapping[str, Any]) -> list[tuple[Place, str]]:
    """Return (place, reason) of every path that cannot be used."""
    found = ((place, inside_folder(home, name)[1]) for place, name in named_files(examination, keys))
    return [(place, reason) for place, reason in found if reason]


def read_examination(examination: str, home: Path, keys: Mapping[str, Any]) -> object:
    """Read one examination of a visit; its records name files as the case does, wherever the case folder stands.

    Parameters
    ----------
    examination
        ``strain``, ``scar``, ``cine``, ``spect`` or ``veins``.
    home
        The case folder.
    keys
        What ``case.yaml`` says of it; its paths exist and lie inside the folder.

    Returns
    -------
    VisitStrain, VisitScar, VisitCine, VisitSpect or VisitVeins

    Raises
    ------
    InputError
        When a file cannot be read, or keys do not go together.
    """
    readers = {"strain": _strain, "scar": _scar, "cine": _cine, "spect": _spect, "veins": _veins}
    return readers[examination](home, keys)


def _strain(home: Path, keys: Mapping[str, Any]) -> VisitStrain:
    from resynchro.formats.strain_file import read_strain

    names = [*([keys["file"]] if keys.get("file") else []), *keys.get("files", [])]
    if not names:
        raise InputError("names no file: write `file`, or `files` for the views of one examination")
    study = read_strain(
        [home / name for name in names],
        view=keys.get("view"),
        colours=keys.get("colours") or None,
        events=_events(keys),
        events_file=home / keys["events_file"] if keys.get("events_file") else None,
        rr_s=keys["rr_ms"] / 1000.0 if keys.get("rr_ms") else None,
    )
    file = " + ".join(names)
    return VisitStrain(study=replace(study, file=file), file=file)


def _events(keys: Mapping[str, Any]) -> CardiacEvents | None:
    """Return the valve events that the case gives, or None."""
    given = {name: keys.get(f"{name}_ms") for name in ("mvc", "avo", "avc", "mvo")}
    events = {f"{name}_s": at / 1000.0 for name, at in given.items() if at is not None}
    return CardiacEvents(**events, origin="given in case.yaml") if events else None


def _scar(home: Path, keys: Mapping[str, Any]) -> VisitScar:
    name, mask, label_map = keys["file"], keys.get("mask"), keys.get("label_map")
    path, insertion = home / name, keys.get("anterior_insertion_deg")
    if mask is None and path.is_file() and path.suffix.lower() in (".csv", ".txt"):
        from resynchro.formats.scar_csv import read_scar_csv

        return VisitScar(file=name, scar=replace(read_scar_csv(path), source=name))
    from resynchro.formats.label_stack import read_label_stack

    if label_map is None:
        raise InputError(
            f"{shown_value(mask or name)} holds labels: say what its numbers mean with label_map, for example acdc, "
            "emidec or cavity=1,myocardium=2,scar=3,rv=4"
        )
    if mask is None:
        labels = replace(read_label_stack(path, label_map), file=name)
        return VisitScar(file=name, labels=labels, anterior_insertion_deg=insertion)
    from resynchro.formats.image_stack import read_image_stacks

    stacks = read_image_stacks(path)
    if len(stacks) != 1:
        raise InputError(
            f"{shown_value(name)} holds {len(stacks)} stacks of slices, one is needed: copy the late-enhancement "
            "series into a folder of its own"
        )
    labels = replace(read_label_stack(home / mask, label_map), file=mask)
    return VisitScar(file=name, image=replace(stacks[0], file=name), labels=labels, anterior_insertion_deg=insertion)


def _cine(home: Path, keys: Mapping[str, Any]) -> VisitCine:
    from resynchro.formats.image_stack import read_image_stacks

    labels, contours = None, None
    if keys.get("labels"):
        from resynchro.formats.label_stack import read_label_stack

        if keys.get("label_map") is None:
            raise InputError("labels need label_map: acdc, emidec, biv-me, or what the numbers mean (cavity=3,...)")
        labels = replace(read_label_stack(home / keys["labels"], keys["label_map"]), file=keys["labels"])
    if keys.get("guide_points"):
        from resynchro.formats.guide_points import read_guide_points

        contours = replace(read_guide_points(home / keys["guide_points"]), file=keys["guide_points"])
    if labels is not None and contours is not None:
        raise InputError("labels and guide_points are both given: choose one")
    stacks = tuple(replace(stack, file=keys["file"]) for stack in read_image_stacks(home / keys["file"]))
    return VisitCine(
        file=keys["file"],
        stacks=stacks,
        labels=labels,
        contours=contours,
        events=_events(keys),
        check_engine=bool(keys.get("check_engine")),
    )


def _spect(home: Path, keys: Mapping[str, Any]) -> VisitSpect:
    from resynchro.formats.gated_spect_file import read_gated_spect

    return VisitSpect(file=keys["file"], gated=replace(read_gated_spect(home / keys["file"]), file=keys["file"]))


def _veins(home: Path, keys: Mapping[str, Any]) -> VisitVeins:
    from resynchro.formats.vein_file import read_veins

    return VisitVeins(file=keys["file"], tree=replace(read_veins(home / keys["file"]), file=keys["file"]))
