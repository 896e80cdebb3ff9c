"""``resynchro strain`` on written files."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from resynchro.cli.strain import command
from resynchro.cli.strain_options import given_colours, given_doppler
from resynchro.errors import InputError
from resynchro.imaging.strain.strain_phantom import strain_phantom


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def _write(path: Path, segments: tuple[int, ...], *, view: str = "SAX", rr_ms: float = 900.0) -> Path:
    delays = {segment: 60.0 * (segment in (5, 6, 11, 12, 16)) for segment in segments}
    curves = strain_phantom(
        delays, model="aha16", rr_ms=rr_ms, noise_pct=0.5, rng=np.random.default_rng(1), strain_type="longitudinal"
    )
    lines = [
        "# strain_type: longitudinal",
        "# kind: lagrangian",
        "# model: aha16",
        f"# view: {view}",
        f"# rr_ms: {rr_ms:g}",
        "# mvc_ms: 40",
        "# avo_ms: 90",
        "# avc_ms: 360",
        "# mvo_ms: 450",
        "time_s," + ",".join(map(str, curves.segments)),
    ]
    for time_s, row in zip(curves.time_s, curves.strain_pct.T, strict=True):
        lines.append(",".join(f"{value:.4f}" for value in (time_s, *row)))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write(tmp_path_factory.mktemp("strain") / "whole.csv", tuple(range(1, 17)))


def test_the_table_shows_segments_indices_prospect_and_quality(whole: Path) -> None:
    result = _run(whole)
    assert result.exit_code == 0, result.output
    for words in (
        "11 mid inferolateral",
        "SD of cross-correlation delays",
        "Mechanical dispersion",
        "PROSPECT's twelve",
        "no area under the curve was above 0.62",
        "Valve events: MVC 40, AVO 90, AVC 360, MVO 450 ms",
        "Research use",
    ):
        assert words in " ".join(result.output.split()), words


def test_json_is_one_object_per_examination(whole: Path) -> None:
    result = _run(whole, whole, "--json", "--doppler", "qrs_to_pulmonary_flow_ms=60")
    assert result.exit_code == 0
    objects = [json.loads(line) for line in result.output.splitlines()]
    assert len(objects) == 2
    segments = objects[0]["segments"]
    assert float(segments["11"]["delay_ms"]) - float(segments["8"]["delay_ms"]) == pytest.approx(60.0, abs=8.0)
    assert objects[0]["prospect"]["parameters"]["ivmd_ms"]["value"] == pytest.approx(30.0)


def test_csv_has_a_header_and_a_line_per_examination(whole: Path) -> None:
    result = _run(whole, "--csv")
    (row,) = csv.DictReader(io.StringIO(result.output))
    assert row["usable_segments"] == "16"
    assert row["latest_segment"] in ("5", "6", "11", "12", "16")
    assert float(row["xcorr_delay_sd_ms"]) > 5.0 * float(row["xcorr_delay_sd_ms_noise_floor"])


def test_views_together_are_one_examination(tmp_path: Path) -> None:
    one = _write(tmp_path / "one.csv", (3, 9, 14, 6, 12, 16), view="4CH")
    two = _write(tmp_path / "two.csv", (1, 7, 13, 4, 10, 15), view="2CH", rr_ms=990.0)
    result = _run(one, two, "--together", "--json")
    assert result.exit_code == 0, result.output
    (line,) = result.output.splitlines()
    summary = json.loads(line)
    assert len(summary["segments"]) == 12
    assert summary["rr_ms"] == 945.0
    assert len(_run(one, two, "--json").output.splitlines()) == 2


def test_given_events_are_used(whole: Path) -> None:
    summary = json.loads(_run(whole, "--json", "--avc-ms", "400").output)
    assert summary["events_ms"]["avc"] == 400.0
    assert summary["events_ms"]["avo"] == 90.0


def test_pictures_are_written(whole: Path, tmp_path: Path) -> None:
    result = _run(whole, "--csv", "--picture", tmp_path / "pictures")
    assert result.exit_code == 0, result.output
    names = sorted(path.name.split("_", 1)[1] for path in (tmp_path / "pictures").iterdir())
    assert names == ["delay.png", "delay.svg", "quality.png", "quality.svg", "strain.png", "strain.svg"]


def test_what_fails_is_named_at_the_end_with_status_2(whole: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("not strain", encoding="utf-8")
    result = _run(bad, whole, "--csv")
    assert result.exit_code == 2
    assert "bad.csv" in result.stderr and "1 of 2 examinations" in result.stderr
    assert len(result.stdout.splitlines()) == 2


def test_contradicting_and_wrong_options_are_refused(whole: Path) -> None:
    assert "exclude each other" in _run(whole, "--json", "--csv").output
    assert "unknown name" in _run(whole, "--doppler", "nonsense=3").output
    assert "COLOUR=SEGMENT" in _run(whole, "--segments", "YELLOW").output


def test_options_are_read_as_written() -> None:
    assert given_colours(None) is None
    assert given_doppler(()) is None
    doppler = given_doppler(["dlc_count=2", "ts.12=310", "ts_onset.3=90", "rr_ms=900"])
    assert doppler is not None
    assert (doppler.dlc_count, doppler.rr_ms, dict(doppler.ts_ms)) == (2, 900.0, {12: 310.0})
    for wrong in ("ts.17=300", "ts=300", "rr_ms=fast", "rr_ms=nan", "dlc_count=7", "dlc_count=1.5"):
        with pytest.raises(InputError):
            given_doppler([wrong])
