"""The documents say what is true of the code: links, commands, options, keys, codes, examples."""

from __future__ import annotations

import dataclasses
import doctest
import inspect
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
DOCUMENTS = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
        *DOCS.rglob("*.md"),
        *(ROOT / "validation").rglob("*.md"),
        *(ROOT / "benchmarks").rglob("*.md"),
    ]
)
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_TOKEN = re.compile(r"`([^`\n]+)`")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _fences(path: Path, language: str) -> list[str]:
    return [body for found, body in _FENCE.findall(_text(path)) if found == language]


def _section(path: Path, heading: str) -> str:
    """Return what stands between a heading and the next one of the same or a higher level."""
    level = len(heading) - len(heading.lstrip("#"))
    outside = _FENCE.sub(lambda match: re.sub(r"(?m)^#", "\u200b#", match[0]), _text(path))
    found = re.search(rf"(?m)^{re.escape(heading)}$(.*?)(?=^#{{1,{level}}} |\Z)", outside, re.DOTALL)
    assert found, f"{path.name} has no heading {heading!r}"
    return found[1]


def _first_cells(section: str) -> list[str]:
    """Return every code word in the first column of the tables of a section."""
    cells = [line.replace(r"\|", "¦").split("|")[1] for line in section.splitlines() if line.startswith("|")]
    return [token.replace("¦", "|") for cell in cells for token in _TOKEN.findall(cell)]


def _anchors(path: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"(?m)^#+ (.*)$", _FENCE.sub("", _text(path)))
    bare = [re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", h).lower()) for h in headings]
    return {heading.replace(" ", "-") for heading in bare}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    for target in _LINK.findall(_FENCE.sub("", _text(path))):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), f"{path.name} links to {target}, which is not there"
        assert there.is_relative_to(ROOT), f"{path.name} links to {target}, outside the project"
        if anchor and there.suffix == ".md":
            assert anchor in _anchors(there), f"{path.name} links to {target}, which has no such heading"


def test_every_page_is_in_the_index() -> None:
    listed = {target.partition("#")[0] for target in _LINK.findall(_text(DOCS / "README.md"))}
    assert {path.name for path in DOCS.glob("*.md")} - {"README.md"} <= listed


def test_no_committed_file_names_a_path_of_somebodys_machine() -> None:
    # Put together here so that this file does not find itself.
    roots = "|".join(["work", "home", "root", "Users", "opt"])
    machine = re.compile(rf"(?<![\w.\]/~-])/(?:{roots})/\w")
    files = [*DOCUMENTS, *(ROOT / ".ci").iterdir(), ROOT / "pyproject.toml"]
    for folder in ("src", "tests", "validation", "benchmarks"):
        files += (ROOT / folder).rglob("*.py")
    found = {file: machine.search(_text(file)) for file in files}
    named = [f"{file.relative_to(ROOT)}: {match[0]}" for file, match in found.items() if match]
    assert not named


def test_ci_finds_both_commands_of_the_readme() -> None:
    """`.ci/run` takes what stands between a marker's code fence and its end; the same is done here."""
    commands = {}
    for marker in ("main-command", "test-command"):
        assert f"readme {marker}" in _text(ROOT / ".ci" / "run")
        found = re.findall(rf"(?m)^<!-- {marker} -->\n```sh\n(.*?)^```$", _text(ROOT / "README.md"), re.DOTALL)
        assert len(found) == 1, f"README.md must hold the marker {marker} once, right above its command"
        commands[marker] = found[0].strip()
        assert "\n" not in commands[marker], "one command, on one line"
        assert commands[marker].startswith("python3 -m venv .venv &&"), "each command does all the set-up"
    assert "resynchro demo" in commands["main-command"]
    assert "pytest" in commands["test-command"]


def _commands() -> dict[str, click.Command]:
    from resynchro.cli import cli

    context = click.Context(cli)
    found = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}


def _nested(command: click.Command) -> dict[str, click.Command]:
    """Return the commands below a group, or the command itself without a name."""
    return dict(command.commands) if isinstance(command, click.Group) else {"": command}


def _options(command: click.Command) -> dict[str, click.Parameter]:
    """Return every long option of a command and of those below it."""
    params = [option for one in _nested(command).values() for option in one.params]
    return {name: option for option in params for name in option.opts if name.startswith("--")}


def _long_options(command: click.Command) -> set[str]:
    return set(_options(command))


def test_command_line_documents_every_command_with_its_options() -> None:
    page = DOCS / "command-line.md"
    commands = _commands()
    assert set(re.findall(r"(?m)^## `resynchro (\S+)`$", _text(page))) == set(commands)
    for name, command in commands.items():
        tokens = [token for token in _first_cells(_section(page, f"## `resynchro {name}`")) if token.startswith("--")]
        assert {token.split()[0] for token in tokens} == _long_options(command), name
        for token in tokens:
            option, _, value = token.partition(" ")
            kind = _options(command)[option].type
            if isinstance(kind, click.Choice):
                assert value == f"[{'|'.join(kind.choices)}]"


@pytest.mark.parametrize("name", [name for name, one in _commands().items() if isinstance(one, click.Group)])
def test_the_options_of_nested_commands_stand_in_the_column_of_each(name: str) -> None:
    """The table of a group has a column for each command below it; a cell that is not empty: it takes the option."""
    below = _nested(_commands()[name])
    lines = [
        line.replace(r"\|", "¦") for line in _section(DOCS / "command-line.md", f"## `resynchro {name}`").splitlines()
    ]
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    assert {cell.strip("`") for cell in head if cell.startswith("`")} == set(below)
    for command, its in below.items():
        column = head.index(f"`{command}`")
        taken = {token.split()[0] for row in rows if row[column] for token in _TOKEN.findall(row[0])}
        assert taken == _long_options(its), command


#: Pages that explain the options of a command once more, each in its own words.
_OPTION_PAGES = {
    "strain": "strain.md",
    "work": "myocardial-work.md",
    "volumes": "echo-volumes.md",
    "cine": "cine-mri.md",
    "scar": "scar.md",
    "phase": "spect-phase.md",
    "simulate": "simulate.md",
}


@pytest.mark.parametrize("name", _OPTION_PAGES)
def test_the_page_of_a_measurement_has_all_options_of_its_command(name: str) -> None:
    tokens = _first_cells(_text(DOCS / _OPTION_PAGES[name]))
    assert {token.split()[0] for token in tokens if token.startswith("--")} == _long_options(_commands()[name])


def _shown_commands(path: Path) -> Iterator[list[str]]:
    names = "|".join(_commands())
    for language, body in _FENCE.findall(_text(path)):
        for line in body.splitlines() if language in ("sh", "console") else ():
            found = re.search(rf"(?:^|[\s/])resynchro +((?:{names})(?![\w-]).*)$", line)
            if found:
                yield shlex.split(re.split(r"[>#|;&]", found[1])[0])


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_shown_anywhere_take_the_options_shown(path: Path) -> None:
    for name, *words in _shown_commands(path):
        command = _commands()[name]
        if isinstance(command, click.Group):
            assert words[0] in command.commands, f"{path.name}: resynchro {name} has no {words[0]}"
            command = command.commands[words[0]]
        unknown = {word for word in words if word.startswith("--")} - _long_options(command)
        assert not unknown, f"{path.name}: resynchro {name} has no {unknown}"


# ---------------------------------------------------------------- keys

#: Mappings whose keys are names of leads, definitions or measurements.
_BY_NAME = {"criteria", "leads", "vendor.measurements", "absent", "guidelines.lbbb_by_definition"}
#: Maps of values by segment in the JSON of cine MRI.
_MAPS = (
    *("wall_thickness_ed_mm", "wall_thickness_es_mm", "wall_thickening_pct", "engine_disagreement_pct"),
    *("circumferential_strain.peak_pct", "radial_strain.peak_pct"),
)
#: Mappings of the examinations by imaging whose keys are segments, indices, rules or methods.
_BY_NAME_IN_IMAGES = {
    *("absent", "indices", "segments", "prospect.parameters", "sensitivity[].differences"),
    *("indices.*.per_segment", "prospect.parameters.*.per_segment", "veins.branches[].lengths_mm"),
    *("by_rule_pct_lvm", "refused_rules", "chord_classes_pct", "slices[].scar_pct_by_rule", "slices[].thresholds"),
    *("gate.slices_pct", "volumes_by_method", "sdi_volume.per_segment"),
    *(f"{name}.{part}" for name in _MAPS for part in ("values", "absent")),
}

#: Mappings of hearts and simulated beats whose keys are surfaces or leads.
_BY_NAME_IN_HEARTS = frozenset({"mesh.triangles", "qrs.leads", "signal.leads_mv", "leads"})


def _keys(value: Any, by_name: Set[str], at: str = "") -> set[str]:
    """Return every key of plain data down to its leaves: ``[]`` for lists, ``*`` for names."""
    if isinstance(value, dict) and value:
        keys = ["*"] * len(value) if at in by_name else list(value)
        below = zip(keys, value.values(), strict=True)
        return set().union(*(_keys(item, by_name, f"{at}.{key}" if at else str(key)) for key, item in below))
    if isinstance(value, list) and value:
        return set().union(*(_keys(item, by_name, f"{at}[]") for item in value))
    return {f"{at}[]" if isinstance(value, list) else at}


def _rows(section: str) -> dict[str, set[str]]:
    """Return each key in the first column of the tables of keys with the code words that stand beside it.

    A key that begins with a dot stands below the same parent as the key before it.
    """
    found: dict[str, set[str]] = {}
    parent = ""
    for line in "".join(re.findall(r"(?m)^\| key \|.*\n(?:\|.*(?:\n|\Z))*", section)).splitlines():
        first, *others = line.replace(r"\|", "¦").strip("|").split("|")
        beside = {word for cell in others for word in _TOKEN.findall(cell)}
        for token in _TOKEN.findall(first):
            key = parent + token if token.startswith(".") else token
            parent = key.rpartition(".")[0]
            found[key] = found.get(key, set()) | beside
    return found


def _has_row(key: str, rows: dict[str, set[str]]) -> bool:
    """Tell whether a key has a row, or the row of a key above it names everything down to it.

    What a row names may have a row of its own (``published[]``), which names what follows. "As `indices.*`" refers to
    that row.
    """
    parts = key.split(".")
    for depth in range(len(parts), 0, -1):
        head = ".".join(parts[:depth])
        row = next((name for name in (head, head.removesuffix("[]"), f"{head}[]", f"{head}.*") if name in rows), None)
        if row is None:
            continue
        words = rows[row].union(*(rows[word] for word in rows[row] if word.endswith(".*") and word in rows))
        for part in (part for part in parts[depth:] if part != "*"):
            if not {part, part.replace("[]", "")} & words:
                return False
            words = words | rows.get(part, set())
        return True
    return False


def _check_keys(summary: Any, section: str, by_name: Set[str] = frozenset(_BY_NAME_IN_IMAGES)) -> None:
    """Hold the keys of plain data against the tables of a section, in both directions."""
    keys, rows = _keys(summary, by_name), _rows(section)
    # What is null or empty here is documented by the rows of what it can hold.
    missing = {key for key in keys if not _has_row(key, rows)}
    assert not {key for key in missing if not any(name.startswith(f"{key}.") for name in rows)}, "not documented"
    ends = {end.removesuffix("[]") for end in keys}
    named = set().union(*rows.values())
    for name in rows:
        whole = name.removesuffix(".*").removesuffix("[]")
        there = any(end == whole or end.startswith((f"{whole}.", f"{whole}[")) for end in ends)
        # A list that is empty here, and a mapping that is null, do not show what they hold.
        below = any(whole.startswith((f"{end}.", f"{end}[")) for end in ends)
        assert there or below or name in named, f"{name} is documented but not there"


@pytest.fixture(scope="module")
def measured() -> Any:
    """A measurement that holds a finding, a reading of the recorder and an absent value."""
    from resynchro.ecg.measurement import measure_ecg
    from resynchro.ecg.synthetic import synthetic_ecg
    from resynchro.record.ecg import VendorReading
    from resynchro.record.finding import Finding

    record = synthetic_ecg(kind="lbbb", rhythm="atrial fibrillation", rng=np.random.default_rng(1)).record
    vendor = VendorReading(measurements={"qrs_ms": 150.0}, statements=("LBBB",))
    finding = Finding(code="flat-lead", message="V1 is flat", leads=("V1",))
    return measure_ecg(dataclasses.replace(record, vendor=vendor, findings=(finding,)))


def test_the_keys_of_the_json_line_are_documented(measured: Any) -> None:
    from resynchro.ecg.summary import ecg_summary

    keys = _keys(ecg_summary(measured), _BY_NAME)
    documented = set(_first_cells(_section(DOCS / "command-line.md", "### The JSON line of `resynchro ecg`")))
    assert keys - documented == {key for key in keys if any(name.startswith(f"{key}.") for name in documented)}
    # A list that is empty in this ECG (no box of the score left out) does not show the keys of its entries.
    unseen = {name for name in documented - keys if any(name.startswith(f"{key}.") for key in keys)}
    assert documented - keys == unseen


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The plan of the demonstration case."""
    from resynchro.cli.demo import write_demonstration_case
    from resynchro.formats.case_folder import read_case
    from resynchro.planning.plan import make_plan

    folder = tmp_path_factory.mktemp("demonstration") / "case"
    write_demonstration_case(folder)
    return make_plan(read_case(folder))


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the phantom files that the page of the command line makes."""
    folder = tmp_path_factory.mktemp("phantoms")
    _write_phantoms(folder)
    return folder


def _write_phantoms(folder: Path) -> None:
    done = _run("\n".join(_fences(DOCS / "command-line.md", "python")), folder)
    assert done.returncode == 0, done.stdout


def _json_section(page: str) -> str:
    """Return the one section of a page that describes its JSON."""
    (heading,) = re.findall(r"(?m)^#+ .*\bJSON\b.*$", _FENCE.sub("", _text(DOCS / page)))
    return _section(DOCS / page, heading)


def test_the_keys_of_a_target_are_documented(demonstration: Any) -> None:
    from resynchro.planning.imaging_document import target_document

    document = {"case": demonstration.case.id} | target_document(demonstration.imaging)
    assert document["targets"][0]["target"]["segments"]
    assert document["veins"]["branches"]
    assert document["concordance"]
    _check_keys(document, _json_section("target.md"))


def test_the_keys_of_strain_and_work_are_documented(demonstration: Any) -> None:
    from resynchro.imaging.strain.strain_summary import strain_summary
    from resynchro.imaging.work.work_summary import work_summary

    (item,) = demonstration.imaging.strain
    _check_keys(strain_summary(item.measurement), _json_section("strain.md"))
    _check_keys(work_summary(item.work), _json_section("myocardial-work.md"))


def test_the_keys_of_scar_are_documented(demonstration: Any) -> None:
    from resynchro.imaging.scar.scar_measurement import measure_scar
    from resynchro.imaging.scar.scar_phantom import ScarPatch, scar_phantom
    from resynchro.imaging.scar.scar_summary import scar_summary

    patch = ScarPatch(centre_deg=300, width_deg=60, transmurality_pct=80)
    phantom = scar_phantom([patch], rng=np.random.default_rng(1), slice_count=3)
    for measurement in (measure_scar(phantom.images, phantom.labels), demonstration.imaging.scar.measurement):
        _check_keys(scar_summary(measurement), _json_section("scar.md"))


def test_the_keys_of_the_other_images_are_documented(phantoms: Path) -> None:
    from resynchro.formats.echo_contours import read_echo_contours
    from resynchro.formats.gated_spect_file import read_gated_spect
    from resynchro.imaging.echo.echo_volume_measurement import echo_volumes_summary, measure_echo_volumes
    from resynchro.imaging.spect.phase_measurement import measure_phase
    from resynchro.imaging.spect.phase_summary import phase_summary

    volumes = measure_echo_volumes(read_echo_contours(phantoms / "contours.csv"))
    _check_keys(echo_volumes_summary(volumes), _json_section("echo-volumes.md"))
    _check_keys(phase_summary(measure_phase(read_gated_spect(phantoms / "polar.csv"))), _json_section("spect-phase.md"))


def test_the_keys_of_a_cine_are_documented(phantoms: Path) -> None:
    from resynchro.formats.image_stack import read_image_stacks
    from resynchro.formats.label_stack import read_label_stack
    from resynchro.imaging.cine.cine_measurement import measure_cine
    from resynchro.imaging.cine.cine_summary import cine_summary

    (images,) = read_image_stacks(phantoms / "cine.nii.gz")
    measurement = measure_cine(images, read_label_stack(phantoms / "cine_masks.nii.gz", "acdc"))
    assert measurement.circumferential is not None
    _check_keys(cine_summary(measurement), _json_section("cine-mri.md"))


def _printed_json(*words: str, folder: Path) -> Any:
    """Return what a command prints with ``--json``."""
    code = f"import sys; sys.argv[1:] = {[*words, '--json']!r}; from resynchro.cli import main; main()"
    done = _run(code, folder, PYTHONIOENCODING="utf-8")
    assert done.returncode == 0, done.stdout
    return json.loads(done.stdout)


def test_the_keys_of_a_heart_are_documented(tmp_path: Path) -> None:
    built = _printed_json("heart", "build", "--lv-edv", "160", "--edge", "4", "--out", "heart.vtu", folder=tmp_path)
    assert built["veins"] and built["findings"] and built["written"]
    read = _printed_json("heart", "inspect", "heart.vtu", folder=tmp_path)
    _check_keys(built | read | {"veins": built["veins"]}, _json_section("heart.md"), _BY_NAME_IN_HEARTS)


def test_the_keys_of_a_simulated_beat_are_documented(tmp_path: Path) -> None:
    words = ("simulate", "--pace", "rv:apex", "--edge", "4", "--conductor", "unbounded")
    _check_keys(_printed_json(*words, folder=tmp_path), _json_section("simulate.md"), _BY_NAME_IN_HEARTS)


def test_the_keys_of_a_twin_are_documented() -> None:
    from resynchro.electrics.fit_data import MeasuredQrs
    from resynchro.electrics.fit_roots import hypotheses
    from resynchro.electrics.twin_fit import fit_twin
    from resynchro.electrics.twin_summary import twin_summary
    from resynchro.heart.patient_sizes import KnownSizes, heart_from_sizes

    heart = heart_from_sizes(KnownSizes(lv_edv_ml=240.0), edge_mm=4.0)
    assert heart.findings
    # Any smooth QRS does: the keys do not depend on how good the fit is.
    time_ms = np.arange(-10.0, 161.0)
    wave_mv = np.outer(np.linspace(-1.0, 1.0, 8), np.exp(-(((time_ms - 70.0) / 30.0) ** 2)))
    measured = MeasuredQrs(signal_mv=wave_mv, start_ms=-10.0, qrs_ms=150.0, noise_mv=np.full(8, 0.02))
    twin = fit_twin(heart, measured, rhythm=hypotheses("lbbb")[:1], members=8, starts_wanted=1)
    # What the command adds to the summary of the fit.
    document = {"source": "", "ecg": ""} | twin_summary(twin) | {"written": ["twin.vtu"]}
    _check_keys(document, _json_section("twin.md"), _BY_NAME_IN_HEARTS)


def test_the_keys_of_the_plan_are_documented(demonstration: Any) -> None:
    from resynchro.planning.document import SCHEMA_VERSION, plan_document

    document = plan_document(demonstration, version="0")
    page = DOCS / "plan.md"
    top = _section(page, "## `plan.json`, schema version 1")
    assert document["schema_version"] == SCHEMA_VERSION == 1
    rows = _rows(top.split("###")[0])
    assert {key.split("[")[0].split(".")[0] for key in rows} == set(document)
    imaging = {"strain", "scar", "cine", "spect", "veins"}
    assert imaging | {"date", "role", "ecgs[]"} <= rows["case.visits[]"]
    assert imaging & set(document["case"]["visits"][0]) == {"strain", "scar", "veins"}  # what the demonstration has
    for part in ("guidelines", "quality_quantity", "comparisons"):
        section = _section(page, f"### `{part}`" if part != "comparisons" else "### `comparisons[]`")
        words = {token.removesuffix("[]") for token in _TOKEN.findall(section)}
        item = document[part][0] if isinstance(document[part], list) else document[part]
        columns = {key.removesuffix("[]") for key in _first_cells(section)}
        assert columns == set(item), part
        for key, value in item.items():
            entries = value if isinstance(value, list) else []
            for entry in entries:
                assert set(entry if isinstance(entry, dict) else ()) <= words, f"{part}.{key}"


def test_the_imaging_of_the_plan_is_documented(demonstration: Any) -> None:
    """Its own keys stand on the page of the plan; each examination's stand on the page that its row links to."""
    from resynchro.planning.imaging_document import imaging_document

    document = imaging_document(demonstration.imaging)
    section = _section(DOCS / "plan.md", "### `imaging`")
    rows = _rows(section)
    assert {key.split("[")[0].split(".")[0] for key in rows} == set(document)
    every = set(_TOKEN.findall(section.split("|")[0])) - {"null"}  # what all examinations hold
    entry = document["strain"][0]
    assert set(entry) == every | {"strain", "dyssynchrony", "work", "work_failure"}
    assert set(entry) - every == rows["strain[]"] - {"null"}
    signs = {f"{key}[]" if isinstance(value, list) else key for key, value in entry["dyssynchrony"].items()}
    assert signs | set(entry["dyssynchrony"]["signs"][0]) <= rows["strain[].dyssynchrony"]
    assert set(document["scar"]) == every | {"scar"}
    pages = {
        "targets[]": {"target"},
        "strain[]": {"strain", "myocardial-work"},
        "cine[]": {"cine-mri"},
        "phase[]": {"spect-phase"},
        "scar": {"scar"},
    }
    for row, wanted in pages.items():
        (line,) = (line for line in section.splitlines() if line.startswith(f"| `{row}`"))
        assert {link.partition(".md")[0] for link in _LINK.findall(line)} == wanted, row


def test_every_definition_is_documented() -> None:
    from resynchro.ecg.conduction_criteria import definitions_for

    documented = set(_first_cells(_section(DOCS / "conduction.md", "## The definitions")))
    assert documented == {definition.key for definition in definitions_for("female")}


# ---------------------------------------------------------------- findings

#: Readers of images, and the page that explains their findings. Every other reader is one of ECGs.
_STRAIN_READERS = {
    *("cvi42_strain", "echopac_fulltrace", "echopac_markers", "echopac_tables", "echopac_txt", "echopac_xml"),
    *("segment_mat", "strain_csv", "strain_drift", "strain_events", "strain_file", "strain_joining"),
    *("strain_view_checks", "tomtec_strain"),
}
_READERS = {
    "strain-files.md": _STRAIN_READERS,
    "scar.md": {"scar_csv"},
    "cine-mri.md": {
        *("dicom_cine", "dicom_timing", "guide_points", "image_stack", "label_stack", "nifti_image", "slice_geometry"),
    },
    "spect-phase.md": {"dicom_nm", "gated_stack", "nifti_gated"},
    "heart-meshes.md": {"heart_mesh_file", "mesh_fibres"},
}
#: Files of the rooms that measure and model, and the page that explains their findings.
_MEASUREMENTS = {
    "strain.md": {"beat_alignment", "strain_curves"},
    "myocardial-work.md": {"work_measurement"},
    "echo-volumes.md": {"echo_volume_measurement", "echo_volumes"},
    "scar.md": {"scar_intensities", "scar_measurement", "scar_slices"},
    "cine-mri.md": {"cine_measurement", "cine_strain", "lv_volumes", "placed_slices"},
    "strain-tracking.md": {"polar_tracker", "tracked_strain"},
    "spect-phase.md": {"lv_axis", "phase_measurement", "slice_orientation"},
    "heart-meshes.md": {"mesh_check"},
    "heart.md": {"heart_of_mesh"},
    "patient-heart.md": {
        *("patient_contours", "patient_frame", "patient_sizes", "patient_unfolding", "scar", "scar_image"),
    },
    "simulate.md": {"case_heart"},
}
#: The rooms in which every file with findings must have a page.
_ROOMS = ("imaging", "heart", "electrics")


def _codes(path: Path) -> set[str]:
    """Return the codes of findings in a source file."""
    return set(re.findall(r'\b(?:code=|_note\(\s*)"([a-z-]+)"', _text(path)))


def _all_words(page: str) -> set[str]:
    return set(_TOKEN.findall(_FENCE.sub("", _text(DOCS / page))))


def test_every_finding_of_the_readers_of_ecgs_is_documented() -> None:
    """Codes are found in the source of the readers; those of the case stand on their own page."""
    of_images = set().union(*_READERS.values())
    readers = [path for path in (ROOT / "src/resynchro/formats").glob("*.py") if not path.name.startswith("case_")]
    assert of_images <= {path.stem for path in readers}
    codes = {code for path in readers if path.stem not in of_images for code in _codes(path)}
    codes |= {"einthoven", "goldberger"}  # these two are made from a table of laws
    assert set(_first_cells(_section(DOCS / "reading-ecgs.md", "## Findings"))) == codes
    assert _codes(ROOT / "src/resynchro/ecg/measurement.py") <= _all_words("reading-ecgs.md")


def test_every_finding_of_the_readers_of_strain_is_documented() -> None:
    codes = {code for name in _STRAIN_READERS for code in _codes(ROOT / f"src/resynchro/formats/{name}.py")}
    codes |= {"option-unused"}  # handed to a function that adds it
    assert set(_first_cells(_section(DOCS / "strain-files.md", "## Findings"))) == codes


@pytest.mark.parametrize("page", sorted({*_READERS, *_MEASUREMENTS}))
def test_every_finding_of_images_is_documented(page: str) -> None:
    files = [ROOT / f"src/resynchro/formats/{name}.py" for name in _READERS.get(page, ())]
    for name in _MEASUREMENTS.get(page, ()):
        files += [
            path for room in (*_ROOMS, "planning") for path in (ROOT / "src/resynchro" / room).rglob(f"{name}.py")
        ]
    assert not {code for file in files for code in _codes(file)} - _all_words(page)


def test_every_file_of_the_rooms_with_findings_has_a_page() -> None:
    files = [path for room in _ROOMS for path in (ROOT / "src/resynchro" / room).rglob("*.py")]
    with_findings = {path.stem for path in files if _codes(path)} | {"case_heart"}
    assert with_findings == set().union(*_MEASUREMENTS.values())


# ---------------------------------------------------------------- examples


def _run(code: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


def test_the_python_example_runs(tmp_path: Path) -> None:
    _write_phantoms(tmp_path)
    code = "\n".join(_fences(DOCS / "python.md", "python"))
    done = _run(code, tmp_path, PYTHONIOENCODING="utf-8")
    assert done.returncode == 0, done.stdout
    assert "lbbb" in done.stdout
    assert "missing.xml" in done.stdout


#: Parameters that only tests give.
_FOR_TESTS = {"read_case": ("read_ecg", "read_imaging", "today")}


def _signature(name: str) -> str:
    """Return how a public function is called, without types."""
    import resynchro

    parts: list[str] = []
    for parameter in inspect.signature(getattr(resynchro, name)).parameters.values():
        if parameter.name in _FOR_TESTS.get(name, ()):
            continue
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and "*" not in parts:
            parts.append("*")
        value = parameter.default
        words = json.dumps(value) if isinstance(value, str) else repr(value)
        parts.append(parameter.name if value is inspect.Parameter.empty else f"{parameter.name}={words}")
    return f"resynchro.{name}({', '.join(parts)})"


def test_the_public_functions_stand_with_their_signatures() -> None:
    import resynchro

    functions = [name for name in resynchro.__all__ if inspect.isfunction(getattr(resynchro, name))]
    rows = [cell for cell in _first_cells(_text(DOCS / "python.md")) if "(" in cell]
    assert sorted(rows) == sorted(map(_signature, functions))


def test_the_csv_example_can_be_read(tmp_path: Path) -> None:
    from resynchro.formats.csv_ecg import read_csv_ecg

    (example,) = _fences(DOCS / "reading-ecgs.md", "csv")
    head, rows = example[: example.index("-5,")], example[example.index("-5,") :]
    file = tmp_path / "example.csv"
    file.write_text(head + rows * 500, encoding="utf-8")
    record = read_csv_ecg(file)
    assert (record.sampling_rate_hz, record.sex, record.age_years) == (500.0, "female", 64.0)
    assert record.lead_mv("V4")[0] == pytest.approx(0.009)  # 9 uV


def _masked(output: str) -> str:
    """Take out numbers, the lines of tables and the verdict of a fit: they may differ from machine to machine."""
    without_lines = re.sub(r"[━┏┳┓┡╇┩└┴┘─│┃]+", " ", output)
    without_verdict = re.sub(r"(?m)^[A-Z]+ fit: .*$", "", without_lines)
    return re.sub(r"\d+(\.\d+)?", "0", without_verdict)


#: A whole fit takes minutes: one start and a few members show the form. So few starts may end in another verdict.
_QUICK_FIT = """
import resynchro.electrics.twin_fit as module
fit_twin = module.fit_twin
def quick(hearts, measured, *, rhythm, members, **others):
    return fit_twin(hearts, measured, rhythm=rhythm[:1], members=8, starts_wanted=1, **others)
module.fit_twin = quick
"""


def test_printed_examples_have_the_form_of_the_real_output(tmp_path: Path) -> None:
    """Every `$ resynchro` of the page is run in order in one empty folder; ``...`` stands for any text."""
    checker = doctest.OutputChecker()
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    examples = _fences(DOCS / "command-line.md", "console")
    assert {shlex.split(example)[2] for example in examples} == set(_commands())
    _write_phantoms(tmp_path)
    for example in examples:
        first, _, shown = example.partition("\n")
        words = shlex.split(first.removeprefix("$ resynchro "))
        code = f"import sys; sys.argv[1:] = {words!r}; from resynchro.cli import main; main()"
        code = _QUICK_FIT + code if words[0] == "twin" else code
        real = _run(code, tmp_path, PYTHONIOENCODING="utf-8", COLUMNS="120").stdout
        assert checker.check_output(_masked(shown), _masked(real), flags), f"{first}\n{real}"
