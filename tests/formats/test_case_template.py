"""The template of a case folder says the truth about the keys, and so does the documentation."""

from __future__ import annotations

import random
import re
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from resynchro.errors import InputError
from resynchro.formats.case_folder import read_case
from resynchro.formats.case_problem import CaseError
from resynchro.formats.case_schema import GROUPS
from resynchro.formats.case_template import template_text, write_case_template, write_case_yaml
from resynchro.record.case import Case
from resynchro.record.device import Device, LvLead, RvLead
from resynchro.record.ecg import EcgRecord, EcgSource
from resynchro.record.patient import Patient

TODAY = date(2026, 11, 20)
DOCUMENTATION = Path(__file__).resolve().parents[2] / "docs" / "case-folder.md"


def made_ecg(path: Path, *, uv_per_count: float | None, sampling_rate_hz: float | None) -> EcgRecord:
    source = EcgSource(file=str(path), format="made here", sha256=path.name, uv_per_count=uv_per_count)
    return EcgRecord(signal_mv=np.zeros((12, 10)), sampling_rate_hz=sampling_rate_hz or 500.0, source=source)


def read(folder: Path) -> Case:
    return read_case(folder, read_ecg=made_ecg, read_imaging=lambda key, home, keys: (key, keys), today=TODAY)


def uncommented(text: str) -> str:
    """Do what the first line of the template says."""
    return re.sub(r"(?m)^( *)#(?! )", r"\1", text)


def make_named_files(folder: Path) -> None:
    """Make every file that the template names."""
    for name in re.findall(r"\b(?:ecg|echo|cmr|nm|ct)/[\w.]+", template_text("C-1", TODAY)):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()


def test_a_fresh_template_only_lacks_its_ecg(tmp_path):
    path = write_case_template(tmp_path / "C-1", case_id="C-1", today=TODAY)
    assert path == tmp_path / "C-1" / "case.yaml"
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["case.yaml", "cmr", "ecg", "echo"]
    with pytest.raises(CaseError) as caught:
        read(path.parent)
    (problem,) = caught.value.problems
    assert problem.key == "visits[1].ecg"
    assert path.read_text().splitlines()[problem.line - 1].strip() == "ecg: ecg/baseline.xml"
    assert problem.message == (
        "found 'ecg/baseline.xml', but there is no such file in the case folder: the folder 'ecg/' is empty; "
        "copy the file into it and write its name here"
    )


def test_a_template_with_its_ecg_is_a_case_of_which_nothing_else_is_known(tmp_path):
    write_case_template(tmp_path, case_id="0007", today=TODAY)
    (tmp_path / "ecg/baseline.xml").touch()
    case = read(tmp_path)
    assert case.id == "0007"
    assert case.patient == Patient()
    assert [(visit.role, visit.date, len(visit.ecgs)) for visit in case.visits] == [("baseline", TODAY, 1)]


def test_a_template_without_its_comment_signs_is_a_full_case(tmp_path):
    write_case_yaml(tmp_path, uncommented(template_text("C-1", TODAY)))
    make_named_files(tmp_path)
    case = read(tmp_path)
    assert [visit.role for visit in case.visits] == ["baseline", "implant", "follow-up"]
    assert [ecg.kind for ecg in case.visits[1].ecgs] == ["intrinsic", "biventricular", "lv-only"]
    assert case.visits[1].device == Device(
        type="CRT-P",
        lv_lead=LvLead(segment=11, vein="posterolateral"),
        rv_lead=RvLead(site="septum"),
        conduction_system_lead="left-bundle-area",
        av_sensed_ms=120,
        av_paced_ms=150,
        vv_ms=-20,
    )
    assert None not in [getattr(case.patient, name) for name in Patient.__dataclass_fields__]
    assert case.findings == ()


def keys() -> list[str]:
    return sorted({name for group in GROUPS.values() for name in group.model_fields})


@pytest.mark.parametrize("key", keys())
def test_every_key_stands_in_the_template(key):
    assert re.search(rf"(?m)[#{{, -]{key}: ?|^{key}:", template_text("C-1", TODAY))


def documented() -> dict[str, set[str]]:
    """Return the text of the column "allowed" of every table row, by key."""
    rows: dict[str, set[str]] = {}
    for key, allowed in re.findall(r"(?m)^\| `(\w+)` \| ([^|]*) \|", DOCUMENTATION.read_text(encoding="utf-8")):
        rows.setdefault(key, set()).add(allowed.strip())
    return rows


def test_every_key_is_documented_and_nothing_else():
    assert sorted(documented()) == keys()


@pytest.mark.parametrize("group", GROUPS.values())
def test_the_documentation_gives_the_allowed_values(group):
    told = documented()
    for name, field in group.model_fields.items():
        for validator in field.metadata:
            kind = getattr(validator, "func", None)
            if hasattr(kind, "allowed") and name not in ("id", "file"):
                assert kind.allowed in told[name], f"{name}: {kind.allowed}"


def test_an_existing_case_is_never_overwritten(tmp_path):
    (tmp_path / "case.yaml").write_text("mine")
    with pytest.raises(InputError, match="exists and is kept"):
        write_case_template(tmp_path, case_id="C-1")
    assert (tmp_path / "case.yaml").read_text() == "mine"
    assert [entry.name for entry in tmp_path.iterdir()] == ["case.yaml"]


@pytest.mark.parametrize("name", ["", "../x", "a b", "ä", "x" * 65, '"', "a\nb: c"])
def test_a_pseudonym_that_cannot_be_used_writes_nothing(tmp_path, name):
    with pytest.raises(InputError, match="letters, digits"):
        write_case_template(tmp_path / "new", case_id=name)
    assert not (tmp_path / "new").exists()


def test_a_place_where_nothing_can_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="give another one"):
        write_case_template(tmp_path / "file" / "C-1", case_id="C-1")
    with pytest.raises(InputError, match="cannot be written"):
        write_case_yaml(tmp_path / "file", "id: C-1")


def test_writing_replaces_the_file_as_a_whole_and_leaves_no_remains(tmp_path):
    write_case_yaml(tmp_path, "a: 1\n")
    write_case_yaml(tmp_path, "b: µV\n")
    assert (tmp_path / "case.yaml").read_bytes() == "b: µV\n".encode()
    assert [entry.name for entry in tmp_path.iterdir()] == ["case.yaml"]


def mutated(content: bytes, chance: random.Random) -> bytes:
    data = bytearray(content)
    for _ in range(chance.randint(1, 3)):
        at, length = chance.randrange(len(data)), chance.randint(1, 20)
        match chance.randrange(4):
            case 0:
                data[at] = chance.randrange(256) if chance.random() < 0.1 else chance.randrange(32, 127)
            case 1:
                del data[at : at + length]
            case 2:
                data[at:at] = data[at : at + length]
            case _:
                data[at:at] = chance.choice([b":", b"-", b"[", b"{", b"&", b"*", b"\n", b"#", b'"', b"0", b"\t"])
    return bytes(data)


def test_500_mutations_of_the_template_raise_nothing_but_an_input_error(tmp_path):
    chance = random.Random(20260302)
    make_named_files(tmp_path)
    # The comments are left out, so that most mutations hit a value.
    full = re.sub(r"(?m)^ *# .*\n", "", template_text("C-1", TODAY))
    content = uncommented(full).encode()
    refused = 0
    for _ in range(500):
        (tmp_path / "case.yaml").write_bytes(mutated(content, chance))
        try:
            read(tmp_path)
        except InputError:
            refused += 1
    assert 300 < refused < 500  # both happen; most mutations hit one of the long keys


def test_the_example_of_the_documentation_is_a_case(tmp_path):
    (example,) = re.findall(r"(?s)```yaml\n(.*?)```", DOCUMENTATION.read_text(encoding="utf-8"))
    write_case_yaml(tmp_path, example)
    (tmp_path / "ecg").mkdir()
    for name in ("baseline.xml", "implant_intrinsic.dcm", "implant_biventricular.dcm"):
        (tmp_path / "ecg" / name).touch()
    case = read(tmp_path)
    assert [ecg.kind for visit in case.visits for ecg in visit.ecgs] == [
        "unknown",
        "intrinsic",
        "biventricular",
    ]
