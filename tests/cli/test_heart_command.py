"""``resynchro heart``: build, inspect, export, and what is refused without a trace."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from resynchro.cli.heart import command
from resynchro.errors import InputError


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def _json(*arguments: str | Path) -> dict[str, Any]:
    done = _run(*arguments, "--json")
    assert done.exit_code == 0, (done.output, done.exception)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    file = tmp_path_factory.mktemp("heart") / "deep" / "heart.vtu"
    return file, _json("build", "--edge", "4", "--preset", "dilated", "--lateral-wall", "6.5", "--out", file)


def test_build_writes_what_it_says(built: tuple[Path, dict[str, Any]]) -> None:
    file, said = built
    assert said["written"] == [str(file)] and file.stat().st_size > 100_000
    assert said["lv_cavity_ml"] == pytest.approx(250.0, abs=0.5) and said["rv_cavity_ml"] == pytest.approx(
        160.0, abs=0.5
    )
    assert said["walls_mm"]["lateral"] == pytest.approx(6.5, abs=0.6)
    assert {branch["branch"] for branch in said["veins"]} >= {"lateral", "posterolateral", "anterior"}
    assert {branch["source"] for branch in said["veins"]} == {"assumed"}


def test_inspect_reads_back_what_build_wrote(built: tuple[Path, dict[str, Any]]) -> None:
    file, said = built
    read = _json("inspect", file)
    assert read["format"] == "VTU" and read["geometry_source"] == "mesh file" and read["fibre_source"] == "fibre"
    for name in ("lv_cavity_ml", "rv_cavity_ml", "lv_length_mm"):
        assert read[name] == pytest.approx(said[name], rel=0.01)
    assert read["mesh"]["tetrahedra"] == said["mesh"]["tetrahedra"]
    assert read["fibres"]["inner_helix_deg"] == pytest.approx(said["fibres"]["inner_helix_deg"], abs=5.0)


@pytest.mark.parametrize(("ending", "files"), [("vtp", 1), ("stl", 1), ("pts", 3)])
def test_export_writes_other_forms(built: tuple[Path, dict[str, Any]], tmp_path: Path, ending: str, files: int) -> None:
    said = _json("export", built[0], "--out", tmp_path / f"heart.{ending}")
    assert len(said["written"]) == files == len(list(tmp_path.iterdir()))
    if ending == "pts":
        assert _json("inspect", tmp_path / "heart.elem")["lv_cavity_ml"] == pytest.approx(250.0, rel=0.01)


def test_sizes_that_follow_from_others_are_said() -> None:
    done = _run("inspect", "--edge", "4", "--lv-diameter", "60")
    assert done.exit_code == 0
    assert "from the diameter" in " ".join(done.stdout.split()) and "basal anterior" in done.stdout


def test_picture_goes_to_a_folder(built: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    _json("inspect", built[0], "--picture", tmp_path / "pictures")
    assert sorted(path.suffix for path in (tmp_path / "pictures").iterdir()) == [".png", ".svg"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("build", "--lv-edv", "2000", "--out", "OUT.vtu"), "lv_edv_ml must lie in"),
        (("build", "--edge", "0.2", "--out", "OUT.vtu"), "edge"),
        (("build", "--out", "OUT.obj"), "allowed are .vtu"),
        (("build", "--preset", "normal", "--lv-diameter", "50", "--out", "OUT.vtu"), "leave one of them out"),
        (("inspect", "--unit", "m"), "--unit belongs to a mesh file"),
        (("inspect", "BAD", "--lv-edv", "100"), "--lv-edv belongs to the template"),
        (("inspect", "BAD"), "of no known form"),
        (("export", "BAD", "--out", "OUT.vtu"), "of no known form"),
        (("export", "MISSING", "--out", "OUT.vtu"), "MISSING"),
    ],
)
def test_what_cannot_be_done_leaves_nothing(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    (tmp_path / "BAD").write_text("Dear colleague,\n")
    done = _run(
        *(str(tmp_path / word) if word in ("BAD", "MISSING") or word.startswith("OUT") else word for word in arguments)
    )
    assert isinstance(done.exception, InputError) and message in str(done.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["BAD"]


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from resynchro.cli.heart import command; "
        "done = CliRunner().invoke(command, ['build', '--help']); assert '--lv-edv' in done.output; "
        "print([name for name in ('numpy', 'scipy', 'numba', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
