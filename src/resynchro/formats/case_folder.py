"""The case folder: read `case.yaml` and all that it names, and report every problem of a case at once."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from resynchro.errors import InputError
from resynchro.formats.case_consistency import RightValues, contradictions, oddities
from resynchro.formats.case_files import single_file
from resynchro.formats.case_imaging import EXAMINATIONS, ReadExamination, missing_files, read_examination
from resynchro.formats.case_problem import (
    CaseError,
    CaseProblem,
    Flaw,
    Place,
    place_text,
    shown_key,
    shown_value,
)
from resynchro.formats.case_schema import GROUPS, CaseKeys, EcgKeys, VisitKeys
from resynchro.formats.yaml_lines import YamlDocument, YamlError, load_yaml_lines
from resynchro.record.case import Case
from resynchro.record.device import Device, LvLead, RvLead
from resynchro.record.ecg import EcgRecord
from resynchro.record.patient import Patient
from resynchro.record.visit import Visit, VisitEcg

CASE_FILE = "case.yaml"
LARGEST_CASE_FILE_BYTES = 1024 * 1024
ReadEcg = Callable[..., EcgRecord]


def read_case(
    folder: str | Path,
    *,
    read_ecg: ReadEcg | None = None,
    read_imaging: ReadExamination = read_examination,
    today: date | None = None,
) -> Case:
    """Read a case folder.

    Parameters
    ----------
    folder
        The folder that holds ``case.yaml``.
    read_ecg
        Called as ``read_ecg(path, uv_per_count=..., sampling_rate_hz=...)``; by default
        `resynchro.formats.ecg_file.read_ecg`.
    read_imaging
        Called as ``read_imaging(examination, folder, keys)`` for every examination by imaging.
    today
        No visit may be later than this day; by default the day of the call.

    Returns
    -------
    Case
        With every ECG and every examination by imaging read.

    Raises
    ------
    InputError
        When the folder or its ``case.yaml`` cannot be opened.
    CaseError
        An `InputError` that names every problem of the case with its file, line and key.
    """
    home = Path(folder)
    text = _case_text(home)
    try:
        document = load_yaml_lines(text)
    except YamlError as error:
        problems = [CaseProblem(file=CASE_FILE, line=line, key="", message=why) for line, why in error.problems]
        raise CaseError(str(folder), tuple(problems)) from error
    tree = _long_form(document.value)
    keys, flaws = _held_against_schema(tree)
    values = RightValues(tree=tree, wrong=frozenset(flaw.place for flaw in flaws))
    flaws += contradictions(values, today or date.today())
    ecgs, unreadable = _read_ecgs(home, values, read_ecg or _default_read_ecg)
    examinations, not_read = _read_examinations(home, values, read_imaging)
    flaws += unreadable + not_read
    if keys is None or flaws:
        raise CaseError(str(folder), _problems(flaws, document))
    case = Case(
        id=keys.id,
        patient=Patient(**{**keys.patient.model_dump(), "drugs": tuple(keys.patient.drugs)}),
        visits=tuple(_visit(visit, index, ecgs, examinations) for index, visit in enumerate(keys.visits)),
        folder=str(folder),
    )
    return dataclasses.replace(case, findings=oddities(case))


def _default_read_ecg(path: Path, **how: float | None) -> EcgRecord:
    from resynchro.formats.ecg_file import read_ecg  # the readers pull in pydicom and wfdb

    return read_ecg(path, **how)


def _case_text(home: Path) -> str:
    """Return the text of the case file, read with a bound and never through a link out of the folder."""
    path = home / CASE_FILE
    try:
        if home.is_file():
            raise InputError(f"{home} is a file; give the case folder that holds {CASE_FILE}")
        if not home.is_dir():
            raise InputError(f"{home}: there is no such folder; `resynchro new {home}` writes a template")
        if not path.exists():
            other = home / "case.yml"
            advice = f"rename case.yml to {CASE_FILE}" if other.exists() else f"`resynchro new {home}` writes one"
            raise InputError(f"{home}: the folder holds no {CASE_FILE}; {advice}")
        if not path.is_file() or not path.resolve().is_relative_to(home.resolve()):
            raise InputError(f"{path}: must be a regular file inside the case folder; put the file itself there")
        with path.open("rb") as stream:
            content = stream.read(LARGEST_CASE_FILE_BYTES + 1)
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(f"{home}: cannot be opened ({error}); check the path and its permissions") from error
    if len(content) > LARGEST_CASE_FILE_BYTES:
        raise InputError(f"{path}: larger than 1 MiB, the most that is read; keep data in files of their own")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = "not UTF-8 text: save the file with UTF-8 encoding"
        problem = CaseProblem(file=CASE_FILE, line=line, key="", message=message)
        raise CaseError(str(home), (problem,)) from error


def _long_form(value: object) -> object:
    """Write out the short forms: one file becomes a list of one, an ECG's file a group of one key."""
    if not isinstance(value, dict) or not isinstance(value.get("visits"), list):
        return value
    return {**value, "visits": [_long_visit(visit) for visit in value["visits"]]}


def _long_visit(visit: object) -> object:
    if not isinstance(visit, dict):
        return visit
    full: dict[str, object] = dict(visit)
    for key in ("ecg", *EXAMINATIONS):
        entry = visit.get(key)
        if entry is None:
            continue
        entries = entry if isinstance(entry, list) else [entry]
        full[key] = [{"file": item} if isinstance(item, str) else _long_files(item) for item in entries]
    return full


def _long_files(entry: object) -> object:
    """Write the files of an examination as a list even where there is one."""
    if isinstance(entry, dict) and isinstance(entry.get("files"), str):
        return {**entry, "files": [entry["files"]]}
    return entry


def _held_against_schema(tree: object) -> tuple[CaseKeys | None, list[Flaw]]:
    """Hold the values against the schema, each by itself."""
    try:
        return CaseKeys.model_validate(tree), []
    except ValidationError as error:
        return None, [Flaw(place=detail["loc"], message=_message(detail)) for detail in error.errors(include_url=False)]


def _message(detail: Any) -> str:
    """Say in our words what pydantic found."""
    place: Place = detail["loc"]
    found = f"found {shown_value(detail['input'])}"
    match detail["type"]:
        case "case":
            return str(detail["msg"])
        case "extra_forbidden":
            return _unknown_key(place)
        case "missing":
            return "this key is missing: add it"
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"{found}, allowed is a group of keys: {', '.join(_group(place).model_fields)}"
        case "list_type":
            return f"{found}, allowed is a list"
        case "too_short":
            return "found an empty list, at least one entry is needed"
        case "too_long":
            return f"found more than {detail['ctx']['max_length']} entries, which is the most allowed"
        case _:
            return f"{found}: {detail['msg']}"


def _group(place: Place) -> Any:
    return GROUPS.get(tuple(part for part in place if isinstance(part, str)), CaseKeys)


def _unknown_key(place: Place) -> str:
    """Say which key was probably meant."""
    key = str(place[-1])
    group = _group(place[:-1])
    plain = key.strip().lower().replace("-", "_").replace(" ", "_")[:100]
    allowed = list(group.model_fields)
    with_unit = [name for name in allowed if name == plain or (plain and name.startswith(plain + "_"))]
    near = with_unit or difflib.get_close_matches(plain, allowed, n=1, cutoff=0.7)
    if near:
        return f"unknown key: did you mean {near[0]}?"
    if key.isdigit():
        return f"unknown key: is {shown_key(key)} the end of a number? Write a decimal point, no comma"
    homes = [".".join(where) for where, other in GROUPS.items() if other is not group and plain in other.model_fields]
    if homes:
        return f"unknown key here: it belongs under {' or '.join(home or 'the top' for home in homes)}"
    return f"unknown key: allowed are {', '.join(allowed)}"


def _read_ecgs(
    home: Path, values: RightValues, read_ecg: ReadEcg
) -> tuple[dict[tuple[int, int], EcgRecord], list[Flaw]]:
    """Read every ECG that the case names, by visit and position."""
    ecgs: dict[tuple[int, int], EcgRecord] = {}
    flaws: list[Flaw] = []
    for visit in range(values.count("visits")):
        for index in range(values.count("visits", visit, "ecg")):
            place: Place = ("visits", visit, "ecg", index)
            name = values.at(*place, "file")
            if not isinstance(name, str):
                continue
            path, reason = single_file(home, name)
            if path is not None:
                how = {key: values.at(*place, key) for key in ("uv_per_count", "sampling_rate_hz")}
                try:
                    ecgs[visit, index] = read_ecg(path, **how)
                except InputError as error:
                    reason = f"found {shown_value(name)}, which cannot be read: {' '.join(str(error).split())}"
            if reason:
                flaws.append(Flaw(place=(*place, "file"), message=reason))
    return ecgs, flaws


def _read_examinations(
    home: Path, values: RightValues, read_imaging: ReadExamination
) -> tuple[dict[tuple[int, str, int], Any], list[Flaw]]:
    """Read every examination by imaging that the case names, by visit, key and position."""
    found: dict[tuple[int, str, int], Any] = {}
    flaws: list[Flaw] = []
    for visit in range(values.count("visits")):
        for key in EXAMINATIONS:
            for index in range(values.count("visits", visit, key)):
                place: Place = ("visits", visit, key, index)
                entry = values.at(*place)
                if not isinstance(entry, dict) or any(wrong[:4] == place for wrong in values.wrong):
                    continue
                missing = missing_files(home, key, entry)
                flaws += [Flaw(place=(*place, *where), message=reason) for where, reason in missing]
                if missing:
                    continue
                try:
                    found[visit, key, index] = read_imaging(key, home, entry)
                except InputError as error:
                    message = f"cannot be read: {' '.join(str(error).split())}"
                    flaws.append(Flaw(place=place, message=message))
    return found, flaws


def _problems(flaws: list[Flaw], document: YamlDocument) -> tuple[CaseProblem, ...]:
    """Give every flaw its line, in the order of the file."""
    problems = [
        CaseProblem(
            file=CASE_FILE,
            line=document.line(document.place_in_file(flaw.place)),
            key=place_text(document.place_in_file(flaw.place)),
            message=flaw.message,
        )
        for flaw in flaws
    ]
    return tuple(sorted(problems, key=lambda problem: problem.line))


def _visit(
    keys: VisitKeys,
    number: int,
    ecgs: dict[tuple[int, int], EcgRecord],
    examinations: dict[tuple[int, str, int], Any],
) -> Visit:
    plain = keys.model_dump(exclude={"ecg", "device", *EXAMINATIONS})
    read: dict[str, Any] = {
        key: tuple(examinations[number, key, index] for index in range(len(getattr(keys, key)))) for key in EXAMINATIONS
    }
    return Visit(
        **plain,
        **read,
        ecgs=tuple(_visit_ecg(ecg, ecgs[number, index]) for index, ecg in enumerate(keys.ecg)),
        device=_device(keys),
    )


def _visit_ecg(keys: EcgKeys, record: EcgRecord) -> VisitEcg:
    return VisitEcg(record=record, file=keys.file, kind=keys.pacing or "unknown")


def _device(keys: VisitKeys) -> Device | None:
    if keys.device is None:
        return None
    plain = keys.device.model_dump(exclude={"lv_lead", "rv_lead"})
    lv, rv = keys.device.lv_lead, keys.device.rv_lead
    return Device(
        **plain,
        lv_lead=None if lv is None else LvLead(**lv.model_dump()),
        rv_lead=None if rv is None else RvLead(**rv.model_dump()),
    )
