"""The documents say what is true of the code: links, commands, options, keys, codes, examples."""

from __future__ import annotations

import dataclasses
import doctest
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
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


def _long_options(command: click.Command) -> set[str]:
    return {name for option in command.params for name in option.opts if name.startswith("--")}


def test_command_line_documents_every_command_with_its_options() -> None:
    page = DOCS / "command-line.md"
    commands = _commands()
    assert set(re.findall(r"(?m)^## `resynchro (\S+)`$", _text(page))) == set(commands)
    for name, command in commands.items():
        tokens = [token for token in _first_cells(_section(page, f"## `resynchro {name}`")) if token.startswith("--")]
        assert {token.split()[0] for token in tokens} == _long_options(command), name
        by_name = {option.opts[0]: option for option in command.params}
        for token in tokens:
            option, _, value = token.partition(" ")
            if isinstance(by_name[option].type, click.Choice):
                assert value == f"[{'|'.join(by_name[option].type.choices)}]"


def _shown_commands(path: Path) -> Iterator[list[str]]:
    for language, body in _FENCE.findall(_text(path)):
        for line in body.splitlines() if language in ("sh", "console") else ():
            found = re.search(r"(?:^|[\s/])resynchro +((?:demo|new|plan|ecg|compare-ecg)\b.*)$", line)
            if found:
                yield shlex.split(re.split(r"[>#|;&]", found[1])[0])


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_shown_anywhere_take_the_options_shown(path: Path) -> None:
    for name, *words in _shown_commands(path):
        unknown = {word for word in words if word.startswith("--")} - _long_options(_commands()[name])
        assert not unknown, f"{path.name}: resynchro {name} has no {unknown}"


# ---------------------------------------------------------------- keys

#: Mappings whose keys are names of leads, definitions or measurements.
_BY_NAME = {"criteria", "leads", "vendor.measurements", "absent", "guidelines.lbbb_by_definition"}


def _keys(value: Any, at: str = "") -> set[str]:
    """Return every key of plain data down to its leaves: ``[]`` for lists, ``*`` for names."""
    if isinstance(value, dict) and value:
        keys = ["*"] * len(value) if at in _BY_NAME else list(value)
        below = zip(keys, value.values(), strict=True)
        return set().union(*(_keys(item, f"{at}.{key}" if at else str(key)) for key, item in below))
    if isinstance(value, list) and value:
        return set().union(*(_keys(item, f"{at}[]") for item in value))
    return {f"{at}[]" if isinstance(value, list) else at}


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

    keys = _keys(ecg_summary(measured))
    documented = set(_first_cells(_section(DOCS / "command-line.md", "### The JSON line of `resynchro ecg`")))
    assert keys - documented == {key for key in keys if any(name.startswith(f"{key}.") for name in documented)}
    # A list that is empty in this ECG (no box of the score left out) does not show the keys of its entries.
    unseen = {name for name in documented - keys if any(name.startswith(f"{key}.") for key in keys)}
    assert documented - keys == unseen


def test_the_keys_of_the_plan_are_documented(tmp_path: Path) -> None:
    from resynchro.cli.demo import write_demonstration_case
    from resynchro.formats.case_folder import read_case
    from resynchro.planning.document import SCHEMA_VERSION, plan_document
    from resynchro.planning.plan import make_plan

    write_demonstration_case(tmp_path / "case")
    document = plan_document(make_plan(read_case(tmp_path / "case")), version="0")
    page = DOCS / "plan.md"
    top = _section(page, "## `plan.json`, schema version 1")
    assert document["schema_version"] == SCHEMA_VERSION == 1
    assert {key.split("[")[0].split(".")[0] for key in _first_cells(top.split("###")[0])} == set(document)
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


def test_every_definition_is_documented() -> None:
    from resynchro.ecg.conduction_criteria import definitions_for

    documented = set(_first_cells(_section(DOCS / "conduction.md", "## The definitions")))
    assert documented == {definition.key for definition in definitions_for("female")}


def test_every_finding_of_the_readers_is_documented() -> None:
    """Codes are found in the source of the readers; those of the case stand on their own page."""
    readers = [path for path in (ROOT / "src/resynchro/formats").glob("*.py") if not path.name.startswith("case_")]
    codes = {code for path in readers for code in re.findall(r'\bcode="([a-z-]+)"', _text(path))}
    codes |= {"einthoven", "goldberger"}  # these two are made from a table of laws
    assert set(_first_cells(_section(DOCS / "reading-ecgs.md", "## Findings"))) == codes
    measuring = re.findall(r'\bcode="([a-z-]+)"', _text(ROOT / "src/resynchro/ecg/measurement.py"))
    page = _FENCE.sub("", _text(DOCS / "reading-ecgs.md"))
    assert set(measuring) <= set(_TOKEN.findall(page))


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
    code = "\n".join(_fences(DOCS / "python.md", "python"))
    done = _run(code, tmp_path, PYTHONIOENCODING="utf-8")
    assert done.returncode == 0, done.stdout
    assert "lbbb" in done.stdout
    assert "missing.xml" in done.stdout


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
    """Take out numbers and the lines of tables: they may differ from machine to machine."""
    without_lines = re.sub(r"[━┏┳┓┡╇┩└┴┘─│┃]+", " ", output)
    return re.sub(r"\d+(\.\d+)?", "0", without_lines)


def test_printed_examples_have_the_form_of_the_real_output(tmp_path: Path) -> None:
    """Every `$ resynchro` of the page is run in order in one empty folder; ``...`` stands for any text."""
    checker = doctest.OutputChecker()
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    examples = _fences(DOCS / "command-line.md", "console")
    assert len(examples) >= len(_commands())
    for example in examples:
        first, _, shown = example.partition("\n")
        words = shlex.split(first.removeprefix("$ resynchro "))
        code = f"import sys; sys.argv[1:] = {words!r}; from resynchro.cli import main; main()"
        real = _run(code, tmp_path, PYTHONIOENCODING="utf-8", COLUMNS="120").stdout
        assert checker.check_output(_masked(shown), _masked(real), flags), f"{first}\n{real}"
