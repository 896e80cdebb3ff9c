"""``resynchro simulate``: table, JSON, sites, pictures, errors in words."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from resynchro.cli.demo import write_demonstration_case
from resynchro.cli.simulate import command
from resynchro.electrics.conduction import RHYTHMS
from resynchro.errors import InputError

_QUICK = ["--edge", "4", "--conductor", "unbounded"]


def run(*arguments: str) -> str:
    result = CliRunner().invoke(command, [*_QUICK, *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_json_of_a_biventricular_beat() -> None:
    text = run("--pace", "lv:lateral-mid", "--pace", "rv:apex", "--vv", "-20", "--av", "120", "--json")
    document = json.loads(text)
    assert [stimulus["site"] for stimulus in document["stimuli"]] == ["lv:lateral-mid", "rv:apex"]
    assert [stimulus["scheduled_ms"] for stimulus in document["stimuli"]] == [120.0, 140.0]
    assert document["conduction"] == "lbbb" and document["case"] is None
    assert document["qrs"]["morphology"] == "paced"
    assert set(document["signal"]["leads_mv"]) >= {"I", "V1", "V6"}


def test_table_of_an_intrinsic_beat() -> None:
    text = run("--conduction", "normal")
    assert "intrinsic beat" in text and "not a medical device" in text
    assert "QRS, measured as a real ECG" in text


def test_an_offset_after_the_at_sign() -> None:
    document = json.loads(run("--pace", "lv:lateral-mid", "--pace", "lv:lateral-apical@10", "--av", "100", "--json"))
    assert [stimulus["scheduled_ms"] for stimulus in document["stimuli"]] == [100.0, 110.0]


def test_inhibition_is_told() -> None:
    text = run("--pace", "lv:lateral-mid", "--av", "300")
    assert "inhibited" in text


def test_sites_are_listed() -> None:
    assert "lv:lateral-mid" in run("--list-sites")
    listed = json.loads(run("--list-sites", "--json"))
    assert {"his", "lbb", "rv:outflow", "lv:vein:lateral:1"} <= {each["name"] for each in listed}


def test_pictures_are_written(tmp_path: Path) -> None:
    run("--pace", "lbb", "--picture", str(tmp_path))
    assert sorted(path.name for path in tmp_path.glob("*.png")) == [
        "lbbb_lbb_bullseye.png",
        "lbbb_lbb_heart.png",
        "lbbb_lbb_qrs.png",
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--pace", "lv:nowhere"], "names no site"),
        (["--pace", "rv:apex@soon"], "SITE@MS"),
        (["--conduction", "av-block"], "nothing activates"),
        (["--edge", "0.1"], "edge"),
        (["--av", "-5"], "av_ms"),
    ],
)
def test_mistakes_are_explained(arguments: list[str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        CliRunner().invoke(command, [*_QUICK, *arguments], catch_exceptions=False)


def test_the_rhythms_of_the_option_are_those_of_the_model() -> None:
    option = next(each for each in command.params if each.name == "conduction")
    assert isinstance(option.type, click.Choice)
    assert tuple(option.type.choices) == RHYTHMS


def test_a_case_is_simulated_in_its_size_with_its_scar(tmp_path: Path) -> None:
    write_demonstration_case(tmp_path / "case")
    document = json.loads(run(str(tmp_path / "case"), "--pace", "lv:posterolateral-mid", "--av", "100", "--json"))
    assert document["case"] == str(tmp_path / "case")
    assert "heart-from-sizes" in {finding["code"] for finding in document["findings"]}
    dead = {each["segment"] for each in document["segments"] if each["mean_ms"] is None}
    assert dead and dead <= set(range(1, 18))


def test_a_preset_is_not_for_a_case(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="preset"):
        CliRunner().invoke(command, [str(tmp_path), "--preset", "dilated"], catch_exceptions=False)


def test_the_activated_heart_is_written_for_viewers(tmp_path: Path) -> None:
    run("--pace", "rv:apex", "--out", str(tmp_path))
    from resynchro.formats.heart_mesh_file import read_heart_mesh

    (volume,) = tmp_path.glob("*.vtu")
    assert volume.with_suffix(".vtp").exists()
    times = read_heart_mesh(volume).point_arrays["activation_ms"]
    assert times.min() == 0.0
    assert 100.0 < times.max() < 300.0


def test_given_electrodes_change_the_ecg_and_not_the_activation(tmp_path: Path) -> None:
    rows = {"RA": (-240, 50, 135), "LA": (150, 50, 135), "LL": (50, -30, -315), "V1": (-64, -75, 14)}
    rows |= {
        "V2": (-22, -75, 14),
        "V3": (11, -72, -6),
        "V4": (45, -66, -25),
        "V5": (99, -25, -25),
        "V6": (122, 50, -25),
    }
    file = tmp_path / "electrodes.csv"
    lines = "\n".join(f"{name},{x},{y},{z}" for name, (x, y, z) in rows.items())
    file.write_text(f"name,x_mm,y_mm,z_mm\n{lines}\n")
    given = json.loads(run("--electrodes", str(file), "--json"))
    standard = json.loads(run("--json"))
    assert given["activation"] == standard["activation"]
    assert given["signal"]["leads_mv"]["V2"] != standard["signal"]["leads_mv"]["V2"]
    with pytest.raises(InputError, match="no such file"):
        run("--electrodes", str(tmp_path / "none.csv"))


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--twin"], "needs a CASE"),
        (["case", "--twin", "--conduction", "lbbb"], "--conduction and --twin"),
        (["case", "--twin", "--list-sites"], "--list-sites and --twin"),
    ],
)
def test_what_a_fit_says_itself_cannot_be_given(arguments: list[str], word: str) -> None:
    with pytest.raises(InputError, match=word):
        run(*arguments)
