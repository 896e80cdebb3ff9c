"""Fitting the twin to what a user gave: a case folder, or a bare ECG."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resynchro.errors import MeasurementError

if TYPE_CHECKING:
    from resynchro.ecg.measurement import EcgMeasurement
    from resynchro.electrics.fit_roots import FitHypothesis
    from resynchro.electrics.twin import TwinFit
    from resynchro.heart.heart import Heart

#: Sites of the device's leads by the words of a case folder.
_RV_SITES = {"apex": "rv:apex", "septum": "rv:septum", "outflow-tract": "rv:outflow"}


def fitted_twin(given: Path, conduction: Any, options: Mapping[str, Any]) -> tuple[TwinFit, EcgMeasurement]:
    """Fit the twin of a case folder or an ECG file, showing progress.

    Parameters
    ----------
    given
        The folder or the file.
    conduction
        Kind of beat, or None for what the ECG shows.
    options
        ``edge_mm``, ``members``, ``seed``, ``sex``, ``height_cm``, ``weight_kg``, ``uv_per_count``.
    """
    measurement, hearts, leads, body = _of_case(given, options) if given.is_dir() else _of_file(given, options)
    return _fitted(measurement, hearts, leads, conduction, body, options), measurement


def _of_file(
    file: Path, options: Mapping[str, Any]
) -> tuple[EcgMeasurement, list[Heart], dict[str, str], dict[str, Any]]:
    """Measure a bare ECG; the heart may have either size of the template."""
    from resynchro.ecg.measurement import measure_ecg
    from resynchro.formats.ecg_file import read_ecg
    from resynchro.heart.template import template_heart
    from resynchro.heart.vein_stations import with_veins

    measurement = measure_ecg(read_ecg(file, uv_per_count=options["uv_per_count"]), sex=options["sex"])
    hearts = [with_veins(template_heart("normal", edge_mm=options["edge_mm"])),
              with_veins(template_heart("dilated", edge_mm=options["edge_mm"]))]  # fmt: skip
    body = {name: options[name] for name in ("height_cm", "weight_kg")} | {"sex": measurement.sex}
    return measurement, hearts, {}, body


def _of_case(
    folder: Path, options: Mapping[str, Any]
) -> tuple[EcgMeasurement, list[Heart], dict[str, str], dict[str, Any]]:
    """Take heart, baseline ECG, leads and body of a case."""
    from resynchro.formats.case_folder import read_case
    from resynchro.planning.case_heart import case_heart
    from resynchro.planning.measured_visits import measure_visits, selection_ecg

    case = read_case(folder)
    chosen = selection_ecg(measure_visits(case, seed=options["seed"]), case)
    if chosen is None or chosen.measurement is None:
        raise MeasurementError(f"{folder}: no ECG of this case can be measured, so there is nothing to fit a twin to")
    device = chosen.visit.device
    leads: dict[str, str] = {}
    if device is not None and device.rv_lead is not None and device.rv_lead.site in _RV_SITES:
        leads["rv"] = _RV_SITES[device.rv_lead.site]
    if device is not None and device.lv_lead is not None and device.lv_lead.segment is not None:
        leads["lv"] = f"lv:segment:{device.lv_lead.segment}"
    body = {name: options[name] or getattr(case.patient, name) for name in ("height_cm", "weight_kg", "sex")}
    return chosen.measurement, [case_heart(case, edge_mm=options["edge_mm"])], leads, body


def _fitted(
    measurement: EcgMeasurement,
    hearts: list[Heart],
    leads: Mapping[str, str],
    conduction: Any,
    body: Mapping[str, Any],
    options: Mapping[str, Any],
) -> TwinFit:
    from rich.console import Console

    from resynchro.electrics.fit_data import measured_qrs
    from resynchro.electrics.fit_rhythm import hypotheses_of, with_leads
    from resynchro.electrics.fit_roots import hypotheses
    from resynchro.electrics.twin_fit import fit_twin

    tried: tuple[FitHypothesis, ...] = hypotheses_of(measurement) if conduction is None else hypotheses(conduction)
    if leads:
        tried = with_leads(tried, hearts[0], leads)
    console = Console(stderr=True)
    with console.status("Fitting the twin") as status:
        return fit_twin(
            hearts,
            measured_qrs(measurement),
            rhythm=tried,
            members=options["members"],
            seed=options["seed"],
            progress=lambda words, share: status.update(f"Fitting the twin: {words}, {100 * share:.0f} %"),
            **body,
        )
