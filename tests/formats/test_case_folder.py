"""Reading a case folder: every kind of problem, all of them at once, each with its line."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from resynchro.errors import InputError
from resynchro.formats.case_folder import read_case
from resynchro.formats.case_problem import CaseError
from resynchro.formats.case_schema import DeviceKeys, EcgKeys, LvLeadKeys, PatientKeys, RvLeadKeys, VisitKeys
from resynchro.formats.case_template import write_case_yaml
from resynchro.record.case import Case
from resynchro.record.device import Device, LvLead, RvLead
from resynchro.record.ecg import EcgRecord, EcgSource
from resynchro.record.patient import Patient
from resynchro.record.visit import Visit

TODAY = date(2026, 11, 20)


def made_ecg(path: Path, *, uv_per_count: float | None, sampling_rate_hz: float | None) -> EcgRecord:
    """Stands for the readers of recordings, which have their own tests."""
    content = path.read_bytes()
    if content == b"broken":
        raise InputError(f"{path}: is no recording;\n export it again")
    return EcgRecord(
        signal_mv=np.zeros((12, 10)),
        sampling_rate_hz=sampling_rate_hz or 500.0,
        source=EcgSource(file=str(path), format="made here", sha256=content.hex(), uv_per_count=uv_per_count),
    )


def made_examination(key: str, home: Path, keys: Mapping[str, Any]) -> object:
    """An examination as the case names it; only a file of the text ``broken`` cannot be read."""
    for name in (value for value in keys.values() if isinstance(value, str)):
        if (home / name).is_file() and (home / name).read_bytes() == b"broken":
            raise InputError(f"{home / name}: is no examination")
    return key, dict(keys)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An otherwise complete case folder without its case file."""
    home = tmp_path / "C-0007"
    for name in ("ecg/a.xml", "ecg/b.xml", "ecg/51.hea", "ecg/51.dat", "echo/strain.csv", "cmr/cine/1.dcm"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(name)
    (home / "ecg/broken.xml").write_text("broken")
    (tmp_path / "outside.xml").write_text("outside")
    return home


def read(folder: Path, text: str | bytes) -> Case:
    (folder / "case.yaml").write_bytes(text.encode() if isinstance(text, str) else text)
    return read_case(folder, read_ecg=made_ecg, read_imaging=made_examination, today=TODAY)


def problems(folder: Path, text: str | bytes) -> list[tuple[int, str, str]]:
    with pytest.raises(CaseError) as caught:
        read(folder, text)
    error = caught.value
    assert len(str(error).splitlines()) == 1 + len(error.problems)  # each problem is one line of the message
    return [(problem.line, problem.key, problem.message) for problem in error.problems]


def only_problem(folder: Path, text: str | bytes) -> tuple[int, str, str]:
    (problem,) = problems(folder, text)
    return problem


VISIT = "id: C-7\nvisits:\n  - {date: 2026-03-02, role: baseline}\n"


# what is right


def test_the_smallest_case(folder):
    case = read(folder, VISIT)
    assert case == Case(
        id="C-7",
        patient=Patient(),
        visits=(Visit(date=date(2026, 3, 2), role="baseline"),),
        folder=str(folder),
    )


def test_the_case_of_the_architecture(folder):
    case = read(
        folder,
        """\
id: C-0007
patient: {sex: female, age_years: 64, aetiology: non-ischaemic, nyha: 3, rhythm: sinus, lvef_pct: 27,
  optimal_medical_therapy: true, drugs: bisoprolol}
visits:
  - {date: 2026-03-02, role: baseline, ecg: ecg/a.xml, strain: [echo/strain.csv], cine: cmr/cine,
     lvesv_ml: 182, lvedv_ml: 249}
  - {date: 2026-03-20, role: implant, device: {type: CRT-P, lv_lead: {segment: 11, vein: posterolateral},
     av_sensed_ms: 120, vv_ms: -20, rv_lead: {site: apex}},
     ecg: [{file: ecg/b.xml, pacing: biventricular, uv_per_count: 2.5, sampling_rate_hz: 250}, ecg/51.hea]}
""",
    )
    assert case.patient == Patient(
        sex="female",
        age_years=64,
        aetiology="non-ischaemic",
        nyha=3,
        rhythm="sinus",
        lvef_pct=27,
        optimal_medical_therapy=True,
        drugs=("bisoprolol",),
    )
    baseline, implant = case.visits
    assert baseline.strain == (("strain", {"file": "echo/strain.csv"}),)
    assert (baseline.scar, baseline.cine) == ((), (("cine", {"file": "cmr/cine"}),))
    assert (baseline.lvedv_ml, baseline.lvesv_ml) == (249, 182)
    assert [(ecg.file, ecg.kind) for ecg in baseline.ecgs] == [("ecg/a.xml", "unknown")]
    assert implant.device == Device(
        type="CRT-P",
        lv_lead=LvLead(segment=11, vein="posterolateral"),
        rv_lead=RvLead(site="apex"),
        av_sensed_ms=120,
        vv_ms=-20,
    )
    assert [(ecg.file, ecg.kind) for ecg in implant.ecgs] == [
        ("ecg/b.xml", "biventricular"),
        ("ecg/51.hea", "unknown"),
    ]
    assert implant.ecgs[0].record.source.uv_per_count == 2.5
    assert implant.ecgs[0].record.sampling_rate_hz == 250
    assert case.findings == ()


def test_a_key_with_nothing_is_not_known(folder):
    case = read(folder, VISIT + "patient:\n  nyha:\n  drugs:\n")
    assert case.patient == Patient()


@pytest.mark.parametrize(
    ("keys", "record"),
    [
        (PatientKeys, Patient),
        (DeviceKeys, Device),
        (LvLeadKeys, LvLead),
        (RvLeadKeys, RvLead),
    ],
)
def test_every_key_has_its_field(keys, record):
    assert list(keys.model_fields) == [field.name for field in dataclasses.fields(record)]


def test_every_key_of_a_visit_has_its_field():
    names = {field.name for field in dataclasses.fields(Visit)}
    assert {*VisitKeys.model_fields} - {"ecg"} == names - {"ecgs"}
    assert list(EcgKeys.model_fields) == ["file", "pacing", "uv_per_count", "sampling_rate_hz"]


# all problems at once


def test_all_problems_of_a_case_come_at_once_with_their_lines(folder):
    text = """\
id: C 7
patient:
  lvef_pct: 0.27
  nyha: III
  etiology: unknown
  rhythm: sinus
  atrial_fibrillation: permanent
visits:
  - date: 2026-02-30
    role: baseline
    qrs_ms: 0.168
    ecg: ecg/aa.xml
    lvesv_ml: 300
    lvedv_ml: 200
    device:
      type: PM
      lv_lead:
        segment: 18
  - date: 2026-03-20
    role: implant
    ecg:
      - file: ../outside.xml
        pacing: biv
      - ecg/broken.xml
    scar: cmr/scar.csv
  - {role: follow-up, date: 2026-03-19}
  - {role: follow-up, date: 2027-01-01}
"""
    found = problems(folder, text)
    assert [(line, key) for line, key, _ in found] == [
        (1, "id"),
        (3, "patient.lvef_pct"),
        (4, "patient.nyha"),
        (5, "patient.etiology"),
        (7, "patient.atrial_fibrillation"),
        (9, "visits[1].date"),
        (11, "visits[1].qrs_ms"),
        (12, "visits[1].ecg"),
        (13, "visits[1].lvesv_ml"),
        (17, "visits[1].device.lv_lead"),
        (18, "visits[1].device.lv_lead.segment"),
        (22, "visits[2].ecg[1].file"),
        (23, "visits[2].ecg[1].pacing"),
        (24, "visits[2].ecg[2]"),
        (25, "visits[2].scar"),
        (26, "visits[3].date"),
        (26, "visits[3].role"),
        (27, "visits[4].date"),
    ]
    with pytest.raises(InputError) as caught:
        read(folder, text)
    lines = str(caught.value).splitlines()
    assert lines[0] == f"18 problems in the case folder {folder}:"
    assert lines[2] == (
        "case.yaml:3: patient.lvef_pct: found 0.27, allowed 5 to 80 [%]: looks like a fraction; write 27"
    )


# keys and values


@pytest.mark.parametrize(
    ("patient", "key", "says"),
    [
        ("lvef: 27", "patient.lvef", "did you mean lvef_pct?"),
        ("LVEF_pct: 27", "patient.LVEF_pct", "did you mean lvef_pct?"),
        ("age: 64", "patient.age", "did you mean age_years?"),
        ("lvesv_ml: 182", "patient.lvesv_ml", "belongs under visits"),
        ("zzz: 1", "patient.zzz", "allowed are sex, age_years"),
        ("aetiology: ischemic", "patient.aetiology", "did you mean ischaemic?"),
        ("aetiology: non-ischemic", "patient.aetiology", "did you mean non-ischaemic?"),
        ("sex: F", "patient.sex", "did you mean female?"),
        ("age_years: 1961", "patient.age_years", "year of birth"),
        ("age_years: -1", "patient.age_years", "allowed 0 to 120 [years]"),
        ("height_cm: 1.75", "patient.height_cm", "looks like metres; write 175"),
        ("weight_kg: 71000", "patient.weight_kg", "looks like grams; write 71"),
        ("nyha: 5", "patient.nyha", "allowed 1 to 4"),
        ("diabetes: perhaps", "patient.diabetes", "allowed true or false"),
        ("drugs: [1]", "patient.drugs[1]", "in quotes"),
        ("{nyha: 3, nyha_ambulatory: true}", "patient.nyha_ambulatory", "allowed with nyha 4 only"),
    ],
)
def test_problems_of_the_patient(folder, patient, key, says):
    patient = patient if patient.startswith("{") else "{" + patient + "}"
    line, found_key, message = only_problem(folder, VISIT + f"patient: {patient}\n")
    assert (line, found_key) == (4, key)
    assert says in message


def test_a_decimal_comma_inside_braces_is_recognised(folder):
    line, key, message = only_problem(folder, VISIT + "patient: {lvef_pct: 27,5}\n")
    assert (line, key) == (4, "patient.5")
    assert "decimal point" in message


@pytest.mark.parametrize(
    ("visit", "key", "says"),
    [
        ("lvesv_ml: 0.182", "lvesv_ml", "looks like litres; write 182"),
        ("lvesv_ml: 200, lvedv_ml: 200", "lvesv_ml", "are the two swapped?"),
        ("systolic_pressure_mmhg: 70, diastolic_pressure_mmhg: 110", "diastolic_pressure_mmhg", "swapped"),
        ("qrs_ms: 0.168", "qrs_ms", "looks like seconds; write 168"),
        ("qrs: 168", "qrs", "did you mean qrs_ms?"),
        ("lvedd_mm: 6.8", "lvedd_mm", "looks like centimetres; write 68"),
        ("creatinine_umol_per_l: 1.2", "creatinine_umol_per_l", "looks like mg/dl; write 106.1"),
        ("haemoglobin_g_per_dl: 131", "haemoglobin_g_per_dl", "looks like g/l; write 13.1"),
        ("device: CRT-P", "device", "a group of keys: type"),
        ("device: {type: crtp}", "device.type", "did you mean CRT-P?"),
        ("device: {lv_lead: {segment: 11}}", "device.type", "missing"),
        ("device: {type: }", "device.type", "found nothing"),
        ("device: {type: none, vv_ms: 0}", "device.vv_ms", "type none"),
        ("device: {type: ICD, biv_pacing_pct: 97}", "device.biv_pacing_pct", "no left-ventricular lead"),
        ("device: {type: CRT-D, vv_ms: 200}", "device.vv_ms", "allowed -150 to 150 [ms]"),
        ("device: {type: CRT-D, av_sensed_ms: 0.12}", "device.av_sensed_ms", "write 120"),
        ("rv_pacing_pct: 60", "rv_pacing_pct", "belongs under visits.device"),
        ("ecg: [{pacing: his}]", "ecg[1].file", "missing"),
        ("ecg: {pacing: his}", "ecg.file", "missing"),
        ("ecg: [5]", "ecg[1]", "a group of keys: file"),
        ("ecg: {file: ecg/a.xml, sampling_rate_hz: 0.5}", "ecg.sampling_rate_hz", "write 500"),
    ],
)
def test_problems_of_a_visit(folder, visit, key, says):
    text = VISIT + f"  - {{date: 2026-03-03, role: baseline, {visit}}}\n"
    line, found_key, message = only_problem(folder, text)
    assert (line, found_key) == (4, f"visits[2].{key}")
    assert says in message


def test_missing_keys_and_empty_lists(folder):
    assert only_problem(folder, "visits: [{date: 2026-03-02, role: baseline}]") == (
        1,
        "id",
        "this key is missing: add it",
    )
    assert only_problem(folder, "id: C-7")[1] == "visits"
    assert only_problem(folder, "id: C-7\nvisits: []")[:2] == (2, "visits")
    assert only_problem(folder, "id: C-7\nvisits: none")[2] == "found 'none', allowed is a list"
    assert [key for _, key, _ in problems(folder, "id: C-7\nvisits: [{}]")] == [
        "visits[1].date",
        "visits[1].role",
    ]
    assert "a group of keys: id, patient, visits" in only_problem(folder, "just a sentence")[2]


# dates


@pytest.mark.parametrize(
    ("visits", "line", "key", "says"),
    [
        (["2026-11-21 baseline"], 3, "visits[1].date", "in the future"),
        (["1926-03-02 baseline"], 3, "visits[1].date", "too early"),
        (["2026-03-02T10:00 baseline"], 3, "visits[1].date", "write the day alone: 2026-03-02"),
        (["2.3.2026 baseline"], 3, "visits[1].date", "YYYY-MM-DD"),
        (["2026-03-02 follow-up", "2026-02-02 follow-up"], 4, "visits[2].date", "in order of their dates"),
        (
            ["2026-03-02 implant", "2026-03-05 baseline"],
            4,
            "visits[2].role",
            "after the implant of 2026-03-02",
        ),
        (["2026-03-02 implant", "2026-03-02 baseline"], 4, "visits[2].role", "after the implant"),
        (["2026-03-02 follow-up", "2026-03-05 implant"], 3, "visits[1].role", "write baseline"),
    ],
)
def test_impossible_dates(folder, visits, line, key, says):
    entries = [f"  - {{date: {visit.split()[0]}, role: {visit.split()[1]}}}\n" for visit in visits]
    found_line, found_key, message = only_problem(folder, "id: C-7\nvisits:\n" + "".join(entries))
    assert (found_line, found_key) == (line, key)
    assert says in message


def test_today_and_visits_of_one_day_are_allowed(folder):
    case = read(
        folder,
        "id: C-7\nvisits:\n" + "".join(f"  - {{date: 2026-11-20, role: {role}}}\n" for role in ("baseline", "implant")),
    )
    assert [visit.role for visit in case.visits] == ["baseline", "implant"]


# files


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("ecg/aa.xml", "did you mean 'ecg/a.xml'?"),
        ("ecg/A.xml", "did you mean 'ecg/a.xml'?"),
        ("ecg/51", "did you mean 'ecg/51.hea'?"),
        ("eggs/a.xml", "there is no folder 'eggs' either"),
        ("../outside.xml", "leaves the case folder"),
        ("ecg/../../outside.xml", "leaves the case folder"),
        ("/etc/passwd", "a path inside the case folder"),
        ("C:/ecg.xml", "a path inside the case folder"),
        ("https://example.org/a.xml", "a path inside the case folder"),
        ("~/a.xml", "a path inside the case folder"),
        (r"ecg\\a.xml", "write 'ecg/a.xml'"),
        ("ecg", "is a folder: name the file in it"),
        ("link.xml", "a link that leaves the case folder"),
        ("link/outside.xml", "a link that leaves the case folder"),
        ("loop.xml", "cannot be opened"),
        ("pipe", "neither a file nor a folder"),
        ("x" * 190 + "/" + "y", "no folder"),
        ("a\\0b", "on one line"),
        ("", "on one line"),
        ("ecg/broken.xml", "cannot be read: "),
    ],
)
def test_files_that_cannot_be_used(folder, name, says):
    (folder / "link.xml").symlink_to(folder.parent / "outside.xml")
    (folder / "link").symlink_to(folder.parent)
    (folder / "loop.xml").symlink_to(folder / "loop.xml")
    os.mkfifo(folder / "pipe")
    text = f'id: C-7\nvisits:\n  - date: 2026-03-02\n    role: baseline\n    ecg: "{name}"\n'
    line, key, message = only_problem(folder, text)
    assert (line, key) == (5, "visits[1].ecg")
    assert says in message


def test_a_link_inside_the_folder_is_followed(folder):
    (folder / "ecg/same.xml").symlink_to(folder / "ecg/a.xml")
    assert len(read(folder, VISIT.replace("baseline", "baseline, ecg: ecg/same.xml")).visits[0].ecgs) == 1


def test_every_file_of_a_list_is_looked_at(folder):
    text = """\
id: C-7
visits:
  - date: 2026-03-02
    role: baseline
    strain:
      - echo/strain.csv
      - echo/x.csv
    cine: ../C-0007/cmr
"""
    assert [(line, key) for line, key, _ in problems(folder, text)] == [
        (7, "visits[1].strain[2]"),
        (8, "visits[1].cine"),
    ]


def test_the_views_of_one_examination_stand_in_a_group(folder):
    for name in ("4ch.txt", "2ch.txt"):
        (folder / "echo" / name).write_text("view")
    case = read(
        folder,
        VISIT.replace(
            "baseline",
            "baseline, strain: {files: [echo/4ch.txt, echo/2ch.txt], avc_ms: 380, "
            "colours: {yellow: 3, cyan: basal lateral}}",
        ),
    )
    assert case.visits[0].strain == (
        (
            "strain",
            {
                "files": ["echo/4ch.txt", "echo/2ch.txt"],
                "avc_ms": 380,
                "colours": {"yellow": 3, "cyan": "basal lateral"},
            },
        ),
    )


@pytest.mark.parametrize(
    ("entry", "key", "says"),
    [
        ("{files: [echo/strain.csv, echo/nothing.txt]}", "visits[1].strain.files[2]", "no such file"),
        ("{file: ecg/broken.xml}", "visits[1].strain", "is no examination"),
        ("{file: echo/strain.csv, avc: 380}", "visits[1].strain.avc", "avc_ms"),
        ("{file: echo/strain.csv, avc_ms: 4000}", "visits[1].strain.avc_ms", "0 to 1500"),
        ("{file: /etc/passwd}", "visits[1].strain.file", "inside the case folder"),
    ],
)
def test_an_examination_that_cannot_be_used_is_one_problem(folder, entry, key, says):
    line, found, message = only_problem(folder, VISIT.replace("baseline", f"baseline, strain: {entry}"))
    assert (line, found) == (3, key)
    assert says in message


# real recordings


def test_a_case_of_a_real_recording(folder, shared_data):
    """LUDB record 51: a man of 75 years by its header, 12 leads of 10 s at 500 Hz."""
    for ending in ("hea", "dat"):
        shutil.copy(shared_data(f"ecg/ludb/data/51.{ending}"), folder / "ecg")
    write_case_yaml(
        folder,
        VISIT.replace("baseline", "baseline, ecg: {file: ecg/51.hea, uv_per_count: 1, pacing: intrinsic}")
        + "patient: {sex: female, age_years: 75}\n",
    )
    case = read_case(folder, today=TODAY)
    (ecg,) = case.visits[0].ecgs
    assert (ecg.file, ecg.kind) == ("ecg/51.hea", "intrinsic")
    assert ecg.record.signal_mv.shape == (12, 5000)
    assert ecg.record.source.uv_per_count_overridden
    assert [finding.code for finding in case.findings] == ["ecg-sex"]


# the text itself


def test_text_that_is_not_a_case(folder):
    assert only_problem(folder, VISIT + "id: C-8\n")[2] == "id stands here and in line 1 already: keep one of them"
    assert only_problem(folder, "id: [C-7\n")[0] == 2
    assert only_problem(folder, b"id: C-7\nvisits: \xff\n") == (
        2,
        "",
        "not UTF-8 text: save the file with UTF-8 encoding",
    )
    assert "empty" in only_problem(folder, "")[2]
    assert read(folder, b"\xef\xbb\xbf" + VISIT.encode()).id == "C-7"  # some editors write a mark at the start


def test_folders_that_hold_no_case(folder):
    def says(path: Path) -> str:
        with pytest.raises(InputError) as caught:
            read_case(path, read_ecg=made_ecg, today=TODAY)
        return str(caught.value)

    assert "no such folder" in says(folder / "nowhere")
    assert "resynchro new" in says(folder)
    assert "is a file" in says(folder / "ecg/a.xml")
    assert "no such folder" in says(folder / "a\0b")
    (folder / "case.yml").write_text(VISIT)
    assert "rename case.yml" in says(folder)
    (folder / "case.yaml").symlink_to(folder.parent / "outside.xml")
    assert "regular file inside the case folder" in says(folder)
    (folder / "case.yaml").unlink()
    (folder / "case.yaml").write_bytes(b"# " + b"x" * 2**20)
    assert "larger than 1 MiB" in says(folder)


# findings


def test_what_is_odd_becomes_a_finding(folder):
    def dated(path: Path, **how: float | None) -> EcgRecord:
        record = made_ecg(path, **how)  # type: ignore[arg-type]
        source = dataclasses.replace(record.source, recorded_at=datetime(2026, 3, 10, 9))
        return dataclasses.replace(record, source=source, sex="male", age_years=70)

    (folder / "case.yaml").write_text(
        """\
id: C-7
patient: {sex: female, age_years: 64, lvef_pct: 45}
visits:
  - {date: 2026-03-02, role: baseline, ecg: ecg/a.xml, lvedv_ml: 200, lvesv_ml: 150}
  - {date: 2026-03-20, role: follow-up, ecg: ecg/a.xml, device: {type: CRT-P, biv_pacing_pct: 0.97}}
"""
    )
    case = read_case(folder, read_ecg=dated, today=TODAY)
    # LVEF by volumes is (200 - 150) / 200 = 25 %, the patient's is 45 %; 10 March is 8 and 10 days away.
    assert sorted(finding.code for finding in case.findings) == [
        "ecg-age",
        "ecg-age",
        "ecg-date",
        "ecg-date",
        "ecg-sex",
        "ecg-sex",
        "ecg-twice",
        "lvef-volumes",
        "pacing-fraction",
    ]
    assert "25 % by volumes" in case.findings[0].message
