"""Whatever stands in a case file, it is read or refused in words."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resynchro.errors import InputError
from resynchro.formats.case_folder import read_case
from resynchro.formats.case_schema import DeviceKeys, PatientKeys, VisitKeys
from resynchro.record.ecg import EcgRecord


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ecg").mkdir()
    (tmp_path / "ecg/a.xml").touch()
    return tmp_path


def no_ecg(path: Path, **how: float | None) -> EcgRecord:
    raise InputError(f"{path}: holds no recording")


def read_or_refuse(folder: Path, content: bytes) -> None:
    (folder / "case.yaml").write_bytes(content)
    try:
        case = read_case(folder, read_ecg=no_ecg, today=date(2026, 11, 20))
        assert case.visits
    except InputError as error:
        assert str(error)


KEYS = st.sampled_from(
    [*PatientKeys.model_fields, *VisitKeys.model_fields, *DeviceKeys.model_fields, "file", "pacing", "x", "5"]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        ["baseline", "implant", "CRT-P", "sinus", "ecg/a.xml", "2026-03-02", "2026-02-30", "27 %", "..", ""]
    ),
    st.text(max_size=8),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    top=st.fixed_dictionaries(
        {},
        optional={
            "id": SCALARS,
            "patient": VALUES,
            "visits": st.lists(st.dictionaries(KEYS, VALUES, max_size=6), max_size=3) | VALUES,
            "y": VALUES,
        },
    )
)
def test_any_values_are_read_or_refused_in_words(folder, top):
    read_or_refuse(folder, yaml.safe_dump(top, allow_unicode=True).encode("utf-8", "surrogatepass"))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=80))
def test_any_bytes_are_read_or_refused_in_words(folder, content):
    read_or_refuse(folder, content)
