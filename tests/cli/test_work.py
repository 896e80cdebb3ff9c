"""``resynchro work`` and ``resynchro volumes``: JSON, CSV, table, pictures, and what fails."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result

from resynchro.cli.volumes import command as volumes
from resynchro.cli.work import command as work


def run(command: click.Command, *arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments], catch_exceptions=False)


def strain_table(folder: Path, name: str, *, systolic: bool = True, segments: tuple[int, ...] = (3, 9, 6, 12)) -> Path:
    time_s = np.linspace(0.0, 0.9, 46)
    curve = -18.0 * np.sin(np.pi * np.clip(time_s / 0.8, 0.0, 1.0)) ** 2
    head = ["strain_type: longitudinal", "kind: lagrangian", "model: aha17", "modality: echo", "view: 4CH"]
    head += ["rr_ms: 900", "mvc_ms: 50", "avo_ms: 100", "avc_ms: 400", "mvo_ms: 500"]
    head += ["systolic_mmhg: 120"] if systolic else []
    lines = [f"# {entry}" for entry in head] + ["time_s," + ",".join(map(str, segments))]
    lines += [
        f"{t:.4f}," + ",".join(f"{e * (1 + 0.1 * n):.4f}" for n in range(len(segments)))
        for t, e in zip(time_s, curve, strict=True)
    ]
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


def contour_table(folder: Path, name: str, factor: float = 1.0, *, head: str = "# software: A\n") -> Path:
    angle = np.linspace(np.pi, 0.0, 31)
    rows = [
        f"{view},{phase},{size * 28 * np.cos(a):.3f},{-size * 90 * np.sin(a):.3f}"
        for view in ("4CH", "2CH")
        for phase, size in (("ED", factor), ("ES", 0.85 * factor))
        for a in angle
    ]
    path = folder / name
    path.write_text(head + "view,phase,x_mm,y_mm\n" + "\n".join(rows) + "\n")
    return path


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_json_is_one_object_per_examination(tmp_path: Path) -> None:
    files = [strain_table(tmp_path, "a.csv"), strain_table(tmp_path, "b.csv")]
    done = run(work, "--json", *files)
    assert done.exit_code == 0, done.output
    found = lines(done.stdout)
    assert [entry["file"] for entry in found] == [str(file) for file in files]
    assert found[0]["systolic_mmhg"] == 120.0
    assert found[0]["indices"]["lateral_minus_septal_work_mmhg_pct"]["value"] > 0


def test_csv_agrees_with_json(tmp_path: Path) -> None:
    file = strain_table(tmp_path, "a.csv")
    (row,) = csv.DictReader(io.StringIO(run(work, "--csv", file).stdout))
    (summary,) = lines(run(work, "--json", file).stdout)
    assert float(row["gwi_mmhg_pct"]) == summary["indices"]["gwi_mmhg_pct"]["value"]
    assert float(row["gwi_mmhg_pct_uncertainty"]) == summary["indices"]["gwi_mmhg_pct"]["uncertainty"]
    assert row["n_segments"] == "4" and None not in row.values()


def test_the_table_shows_values_floors_and_unverified_numbers(tmp_path: Path) -> None:
    done = run(work, strain_table(tmp_path, "a.csv"))
    assert done.exit_code == 0
    for word in ("global work index", "noise floor", "unverified", "research use"):
        assert word in done.stdout
    assert "extrapolated in left bundle branch block" in " ".join(done.stdout.split())


def test_what_the_user_gives_replaces_the_file(tmp_path: Path) -> None:
    file = strain_table(tmp_path, "a.csv", systolic=False)
    without = run(work, "--json", file)
    assert without.exit_code == 2 and "needs the systolic cuff pressure" in without.stderr
    assert "1 of 1 examinations could not be measured" in without.stderr and without.stdout == ""
    given = lines(run(work, "--json", "--systolic-mmhg", "150", "--avc-ms", "380", file).stdout)[0]
    assert given["systolic_mmhg"] == 150.0 and given["views"][0]["avc_ms"] == 380.0
    time_ms = np.arange(0, 901, 10)
    catheter = tmp_path / "pressure.csv"
    catheter.write_text(
        "time_ms,pressure_mmhg\n" + "".join(f"{t},{10 + 110 * np.sin(np.pi * t / 900):.2f}\n" for t in time_ms)
    )
    measured = lines(run(work, "--json", "--pressure-csv", catheter, file).stdout)[0]
    assert measured["pressure_origin"] == "measured" and measured["systolic_mmhg"] == 120.0


def test_views_in_several_files_are_one_examination_together(tmp_path: Path) -> None:
    septum = strain_table(tmp_path, "septum.csv", segments=(3, 9))
    lateral = strain_table(tmp_path, "lateral.csv", segments=(5, 11))
    lateral.write_text(lateral.read_text().replace("view: 4CH", "view: APLAX"))
    apart = lines(run(work, "--json", septum, lateral).stdout)
    (one,) = lines(run(work, "--json", "--together", septum, lateral).stdout)
    assert [len(entry["segments"]) for entry in apart] == [2, 2] and len(one["segments"]) == 4
    assert apart[0]["absent"]["lateral_work_mmhg_pct"] == "no lateral segment was measured"


def test_the_others_are_measured_when_one_fails(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear colleague,\nthank you.\n")
    done = run(work, "--json", letter, strain_table(tmp_path, "a.csv"), tmp_path / "missing.xml")
    assert done.exit_code == 2 and len(lines(done.stdout)) == 1
    assert "2 of 3 examinations could not be measured" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("options", [("--json", "--csv"), ("--pressure", "estimated", "--pressure-csv", "p.csv")])
def test_options_that_exclude_each_other(tmp_path: Path, options: tuple[str, ...]) -> None:
    assert run(work, *options, strain_table(tmp_path, "a.csv")).exit_code == 2


def test_work_pictures_are_written(tmp_path: Path) -> None:
    assert run(work, "--json", "--picture", tmp_path / "out", strain_table(tmp_path, "a.csv")).exit_code == 0
    assert len(list((tmp_path / "out").iterdir())) == 6


def test_the_vendor_file(shared_data: Callable[[str], Path]) -> None:
    (found,) = lines(run(work, "--json", shared_data("strain/echopac/images/Sample_XML.xml")).stdout)
    assert found["pressure_origin"] == "exported by the vendor" and len(found["segments"]) == 18
    assert len([one for one in found["vendor"] if one["quantity"] == "work_trace_at_mvo_mmhg_pct"]) == 18


def test_volumes_as_table_json_and_csv(tmp_path: Path) -> None:
    file = contour_table(tmp_path, "a.csv")
    table = run(volumes, file, "--tapse-mm", "14")
    assert table.exit_code == 0 and "Simpson biplane" in table.stdout and "TAPSE 14 mm" in table.stdout
    (summary,) = lines(run(volumes, "--json", file).stdout)
    # EF of a shape shrunk by 0.85 in all directions: 1 - 0.85^3 = 38.6 %
    assert summary["lvef_pct"] == pytest.approx(38.6, abs=0.05)
    (row,) = csv.DictReader(io.StringIO(run(volumes, "--csv", file).stdout))
    assert float(row["edv_ml"]) == summary["edv_ml"] and row["tapse_mm"] == ""


def test_volumes_against_a_baseline(tmp_path: Path) -> None:
    before, after = contour_table(tmp_path, "before.csv"), contour_table(tmp_path, "after.csv", 0.9)
    (summary,) = lines(run(volumes, "--json", "--baseline", before, after).stdout)
    # 0.9^3 = 0.729
    assert summary["indices"]["lvesv_change_pct"]["value"] == pytest.approx(-27.1, abs=0.05)
    assert summary["indices"]["lvesv_change_pct"]["flag"] is True
    other = contour_table(tmp_path, "other.csv", 0.9, head="# software: B\n")
    (summary,) = lines(run(volumes, "--json", "--baseline", before, other).stdout)
    assert "software differs" in summary["absent"]["lvesv_change_pct"]


def test_volumes_that_fail_are_listed(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("a,b\n1,2\n")
    done = run(volumes, "--json", wrong, contour_table(tmp_path, "a.csv"), "--picture", tmp_path / "out")
    assert done.exit_code == 2 and len(lines(done.stdout)) == 1
    assert "1 of 2 files could not be measured" in done.stderr
    assert len(list((tmp_path / "out").iterdir())) == 2
