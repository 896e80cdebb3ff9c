"""``resynchro new``, ``plan`` and ``demo``: from a folder to plan.json and report.html."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
Demonstration = tuple[Path, Any]


def test_the_demonstration_is_planned(demonstration: Demonstration) -> None:
    folder, outcome = demonstration
    assert outcome.status == 0, outcome.err
    assert (folder / "case.yaml").is_file()
    assert sorted(path.name for path in (folder / "plan").iterdir()) == ["plan.json", "report.html"]
    assert outcome.out.startswith("DEMO-LBBB (research use, not a medical device)")
    assert str(folder / "plan" / "report.html") in outcome.out
    for question in ("candidate", "lead go", "programmed", "Did it work", "evidence"):
        assert question in outcome.out


def test_the_plan_of_the_demonstration_says_what_was_built_into_it(demonstration: Demonstration) -> None:
    document = json.loads((demonstration[0] / "plan" / "plan.json").read_text(encoding="utf-8"))
    by_key = {answer["key"]: answer for answer in document["answers"]}
    assert by_key["response"]["headline"].endswith(": loss of LV capture likely.")
    assert "in favour of CRT" in by_key["candidate"]["headline"]
    selection = next(ecg for ecg in document["ecgs"] if ecg["file"] == document["selection_ecg"])
    assert selection["morphology"] == "lbbb"
    # The leads of the twin lie above 3 % of their largest value for 148 ms.
    assert selection["qrs_ms"] == pytest.approx(148.0, abs=15.0)
    # Every paced ECG of the case is seen as paced, every beat once.
    for ecg in document["ecgs"][1:]:
        assert ecg["paced"] == "yes"
        # With the LV lead alone the simulated QRS begins so slowly that its stimuli are taken for atrial ones.
        assert ecg["morphology"] == "paced" or ecg["file"].endswith("lv_only.csv")
        assert 60.0 < ecg["heart_rate_bpm"] < 85.0


def test_the_report_opens_offline(demonstration: Demonstration) -> None:
    html = (demonstration[0] / "plan" / "report.html").read_text(encoding="utf-8")
    assert html.lstrip().lower().startswith("<!doctype html>")
    assert "DEMO-LBBB" in html and "not a medical device" in html.lower()
    for outside in ('src="http', "src='http", "@import", '<link rel="stylesheet"', "<script src"):
        assert outside not in html


def test_the_demonstration_is_the_same_every_time(resynchro: Run, demonstration: Demonstration, tmp_path: Path) -> None:
    folder, _ = demonstration
    assert resynchro("demo", "--out", tmp_path / "again").status == 0
    again = tmp_path / "again"
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            assert (again / path.relative_to(folder)).read_bytes() == path.read_bytes(), path.name


def test_the_demonstration_may_be_made_twice_in_one_place(
    resynchro: Run, demonstration: Demonstration, tmp_path: Path
) -> None:
    shutil.copytree(demonstration[0], tmp_path / "demo")
    assert resynchro("demo", "--out", tmp_path / "demo").status == 0


def test_another_case_is_never_overwritten(resynchro: Run, tmp_path: Path) -> None:
    (tmp_path / "case.yaml").write_text("id: MINE\n")
    outcome = resynchro("demo", "--out", tmp_path)
    assert outcome.status == 2
    assert "holds another case and is kept" in outcome.err
    assert (tmp_path / "case.yaml").read_text() == "id: MINE\n"
    assert [path.name for path in tmp_path.iterdir()] == ["case.yaml"]


def test_planning_again_gives_the_same_bytes(resynchro: Run, demonstration: Demonstration, tmp_path: Path) -> None:
    folder, _ = demonstration
    outcome = resynchro("plan", folder, "--out", tmp_path / "plan")
    assert outcome.status == 0, outcome.err
    assert (tmp_path / "plan" / "plan.json").read_bytes() == (folder / "plan" / "plan.json").read_bytes()


def test_another_seed_is_in_the_plan(resynchro: Run, demonstration: Demonstration, tmp_path: Path) -> None:
    folder, _ = demonstration
    assert resynchro("plan", folder, "--out", tmp_path, "--seed", "5").status == 0
    assert json.loads((tmp_path / "plan.json").read_text())["seed"] == 5


def test_a_new_case_is_explained_and_asks_for_its_ecg(resynchro: Run, tmp_path: Path) -> None:
    case = tmp_path / "P-0007"
    made = resynchro("new", case)
    assert made.status == 0
    assert f"resynchro plan {case}" in made.out
    assert 'id: "P-0007"' in (case / "case.yaml").read_text()
    planned = resynchro("plan", case)
    assert planned.status == 2
    assert "ecg/baseline.xml" in planned.err and "case.yaml" in planned.err
    assert "Traceback" not in planned.err
    assert not (case / "plan").exists()


def test_a_new_case_keeps_what_is_there(resynchro: Run, tmp_path: Path) -> None:
    assert resynchro("new", tmp_path / "case").status == 0
    (tmp_path / "case" / "case.yaml").write_text("id: FILLED-IN\n")
    again = resynchro("new", tmp_path / "case")
    assert again.status == 2
    assert (tmp_path / "case" / "case.yaml").read_text() == "id: FILLED-IN\n"


def test_the_pseudonym_may_be_given(resynchro: Run, tmp_path: Path) -> None:
    assert resynchro("new", tmp_path / "case", "--id", "CRT.12").status == 0
    assert 'id: "CRT.12"' in (tmp_path / "case" / "case.yaml").read_text()
    refused = resynchro("new", tmp_path / "other", "--id", "Mrs Smith, born 1950")
    assert refused.status == 2 and "Traceback" not in refused.err


@pytest.mark.parametrize("place", ["nowhere", "file", "empty"])
def test_a_place_without_a_case_is_a_message(resynchro: Run, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()
    outcome = resynchro("plan", tmp_path / place)
    assert outcome.status == 2
    assert str(tmp_path / place) in outcome.err
    assert "Traceback" not in outcome.err and "internal error" not in outcome.err


def test_all_problems_of_a_case_come_at_once(resynchro: Run, tmp_path: Path) -> None:
    (tmp_path / "case.yaml").write_text(
        "id: P-1\npatient:\n  lvef_pct: 0.27\n  colour: blue\n"
        "visits:\n  - date: 2024-03-04\n    role: baseline\n    ecg: gone.xml\n"
    )
    outcome = resynchro("plan", tmp_path)
    assert outcome.status == 2
    for text in ("lvef_pct", "colour", "gone.xml"):
        assert text in outcome.err


def test_a_case_without_a_measurable_ecg_is_planned(resynchro: Run, ecg_files: dict[str, Path], tmp_path: Path) -> None:
    shutil.copy(ecg_files["flat"], tmp_path / "flat.csv")
    (tmp_path / "case.yaml").write_text(
        "id: P-1\npatient:\n  sex: male\nvisits:\n  - date: 2024-03-04\n    role: baseline\n    ecg: flat.csv\n"
    )
    outcome = resynchro("plan", tmp_path)
    assert outcome.status == 0, outcome.err
    assert "Not answered: the case has no measurable ECG." in outcome.out
    document = json.loads((tmp_path / "plan" / "plan.json").read_text())
    assert document["answers"][0]["state"] == "not answered"
    assert any("flat.csv could not be measured" in sentence for sentence in document["answers"][0]["missing"])
    assert (tmp_path / "plan" / "report.html").is_file()


def test_a_place_that_cannot_be_written_is_a_message(
    resynchro: Run, demonstration: Demonstration, tmp_path: Path
) -> None:
    (tmp_path / "plan").write_text("a file")
    outcome = resynchro("plan", demonstration[0], "--out", tmp_path / "plan")
    assert outcome.status == 2
    assert "cannot be written" in outcome.err and "Traceback" not in outcome.err
