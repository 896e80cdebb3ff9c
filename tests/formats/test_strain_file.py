"""One door for strain files: formats told by content, files joined, events and beat given."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from resynchro.errors import InputError
from resynchro.formats.strain_csv_writing import strain_csv_text, write_strain_csv
from resynchro.formats.strain_file import read_strain
from resynchro.imaging.strain.strain_demonstration import demonstration_strain_study
from resynchro.record.strain import CardiacEvents, StrainStudy

STUDY = demonstration_strain_study()


def _one_view(number: int) -> StrainStudy:
    return replace(STUDY, views=(STUDY.views[number],))


def test_the_name_of_a_file_does_not_matter(tmp_path: Path) -> None:
    path = write_strain_csv(STUDY, tmp_path / "strain.xml")
    study = read_strain(path)
    assert study.format == "strain CSV"
    assert study.file == str(path)


def test_files_of_one_examination_are_joined(tmp_path: Path) -> None:
    paths = [write_strain_csv(_one_view(number), tmp_path / f"{number}.csv") for number in range(3)]
    study = read_strain(paths)
    assert [view.name for view in study.views] == ["4CH", "2CH", "APLAX"]
    assert study.file == " + ".join(map(str, paths))
    assert study.systolic_mmhg == 118.0
    assert study.format == "strain CSV"


def test_disagreeing_cuff_pressures_are_a_finding(tmp_path: Path) -> None:
    one = write_strain_csv(_one_view(0), tmp_path / "a.csv")
    other = write_strain_csv(replace(_one_view(1), systolic_mmhg=140.0), tmp_path / "b.csv")
    study = read_strain([one, other])
    assert study.systolic_mmhg == 118.0
    assert any("systolic_mmhg differs between the files: 118, 140" in found.message for found in study.findings)


def test_a_segment_in_two_views_is_a_finding(tmp_path: Path) -> None:
    one = write_strain_csv(_one_view(0), tmp_path / "a.csv")
    again = replace(STUDY, views=(replace(STUDY.views[0], name="4CH later"),))
    study = read_strain([one, write_strain_csv(again, tmp_path / "b.csv")])
    assert sum(found.code == "segment-twice" for found in study.findings) == 6


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (replace(_one_view(1), strain_type="radial"), "strain_type is radial, but longitudinal"),
        (replace(_one_view(1), kind="natural"), "kind is natural, but lagrangian"),
        (_one_view(0), "view 4CH is there twice"),
    ],
)
def test_files_that_do_not_fit_together_are_refused(tmp_path: Path, other: StrainStudy, words: str) -> None:
    paths = [write_strain_csv(_one_view(0), tmp_path / "a.csv"), write_strain_csv(other, tmp_path / "b.csv")]
    with pytest.raises(InputError) as caught:
        read_strain(paths)
    assert words in str(caught.value)


def test_events_by_view_from_a_table(tmp_path: Path) -> None:
    path = write_strain_csv(STUDY, tmp_path / "a.csv")
    table = tmp_path / "events.csv"
    table.write_text("view;avc_ms;rr_ms\n2ch;401;871\nAPLAX;402;\n")
    study = read_strain(path, events_file=table)
    assert [view.events.avc_s for view in study.views] == [STUDY.views[0].events.avc_s, 0.401, 0.402]
    assert study.views[1].events.mvo_s == STUDY.views[1].events.mvo_s
    codes = [finding.code for finding in study.findings]
    assert codes.count("event-replaced") == 2
    assert codes.count("events-row-missing") == 1


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("view,when\n4CH,3\n", "names no event"),
        ("view,avc_ms\n4CH,soon\n", "'soon' in row 2, column avc_ms: no number"),
        ("view,avc_frame\n4CH,3.5\n", "frame 3.5 in row 2"),
        ("view,avc_frame\n4CH,12\n", "gives frame numbers for view 4CH, but strain CSV states times"),
        ("view,avc_ms\n4CH,400\n4CH,410\n", "2 rows for view 4CH"),
        ("view,avc_ms\n", "a header but no row"),
        ("view,avc_ms\n4CH,100\n", "order MVC, AVO, AVC, MVO"),
    ],
)
def test_wrong_events_tables_are_refused(tmp_path: Path, table: str, words: str) -> None:
    path = write_strain_csv(STUDY, tmp_path / "a.csv")
    (tmp_path / "events.csv").write_text(table)
    with pytest.raises(InputError) as caught:
        read_strain(path, events_file=tmp_path / "events.csv")
    assert words in str(caught.value)


def test_given_events_replace_one_by_one(tmp_path: Path) -> None:
    path = write_strain_csv(STUDY, tmp_path / "a.csv")
    study = read_strain(path, events=CardiacEvents(avc_s=0.41))
    for new, old in zip(study.views, STUDY.views, strict=True):
        assert (new.events.avc_s, new.events.avo_s) == (0.41, old.events.avo_s)
        assert new.events.origin == "demonstration, in part given"
    assert read_strain(path, events=CardiacEvents()).views[0].events == STUDY.views[0].events


def test_a_given_event_that_was_missing_takes_back_the_remark(tmp_path: Path) -> None:
    bare = replace(_one_view(0), views=(replace(STUDY.views[0], events=CardiacEvents()),))
    path = write_strain_csv(bare, tmp_path / "a.csv")
    assert "MVC, AVO, AVC, MVO unknown" in str(read_strain(path).findings)
    study = read_strain(path, events=CardiacEvents(avc_s=0.4))
    assert [finding.message for finding in study.findings] == [
        "view 4CH: MVC, AVO, MVO unknown; what needs them is left out. Give the times if you have them"
    ]
    assert study.views[0].events.origin == "given"


def test_options_that_a_format_does_not_need_are_said(tmp_path: Path) -> None:
    study = read_strain(write_strain_csv(STUDY, tmp_path / "a.csv"), view="4CH")
    assert any(found.code == "option-unused" and "not used: view" in found.message for found in study.findings)


@pytest.mark.parametrize("rr_s", [0.0, -1.0, 905.0, float("nan"), float("inf")])
def test_impossible_beats_are_refused(tmp_path: Path, rr_s: float) -> None:
    with pytest.raises(InputError, match="a beat must last"):
        read_strain(write_strain_csv(STUDY, tmp_path / "a.csv"), rr_s=rr_s)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"\x00\x01\x02\x03" * 50, "none of the strain formats"),
        (b"a,b,c\n1,2,3\n", "none of the strain formats"),
        (b"<html></html>", "none of the strain formats"),
        (b"time_s,3\n0,0\n", "strain_type is missing"),
    ],
)
def test_other_files_are_refused_with_their_path(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "what.csv"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_strain([path])
    assert str(path) in str(caught.value)
    assert words in str(caught.value)


def test_no_file_is_refused() -> None:
    with pytest.raises(InputError, match="got 0"):
        read_strain([])


def test_text_of_a_study_is_the_same_every_time() -> None:
    assert strain_csv_text(demonstration_strain_study()) == strain_csv_text(demonstration_strain_study())


def test_every_finding_of_the_strain_readers_is_documented() -> None:
    root = Path(__file__).resolve().parents[2]
    names = ("strain_*.py", "echopac_*.py", "cvi42_strain.py", "tomtec_strain.py", "segment_mat.py")
    sources = [path for name in names for path in (root / "src/resynchro/formats").glob(name)]
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    codes = set(re.findall(r'code="([a-z-]+)"', text)) | {"option-unused", "events-row-missing"}
    page = (root / "docs/strain-files.md").read_text(encoding="utf-8").split("## Findings")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("|")]
    documented = {code for row in rows for code in re.findall(r"`([a-z-]+)`", row)}
    assert documented == codes


def test_the_table_of_the_document_can_be_read(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/strain-files.md").read_text(encoding="utf-8")
    example = re.findall(r"```csv\n(.*?)```", page, re.DOTALL)[0]
    # Eight frames make a view; the example shows two.
    row = "0,0,0,0,0,0,0\n"
    more = "".join(f"{0.1 * frame:.1f},-3,-3,-3,-3,-3,-3\n" for frame in range(1, 9))
    path = tmp_path / "example.csv"
    path.write_text(example.replace("0.017,-0.2,-0.4,-0.3,0.1,0.2,0.1\n", "").replace(row, row + more))
    study = read_strain(path)
    assert [view.name for view in study.views] == ["4CH", "2CH"]
    assert study.views[0].segments == (3, 9, 15, 18, 12, 6)
    assert study.views[0].events.avc_s == pytest.approx(0.429)
