"""The report of a plan: one HTML file that opens without a network, prints on A4 and says research use."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from resynchro.ecg.measurement import EcgMeasurement
from resynchro.ecg.summary import QRS_CONVENTIONS
from resynchro.imaging.strain.prospect import PROSPECT_CAVEAT
from resynchro.pictures.beats import beats_figure, butterfly_figure
from resynchro.pictures.comparison import comparison_figure
from resynchro.pictures.ecg_paper import ecg_paper_figure
from resynchro.pictures.figure_files import svg_text
from resynchro.pictures.quality_quantity import quality_quantity_figure
from resynchro.pictures.vector_loop import vector_loop_figure
from resynchro.planning.answers import MORPHOLOGY_WORDS
from resynchro.planning.document import RESEARCH_USE, SCHEMA_VERSION
from resynchro.planning.examination_sources import examination_sources
from resynchro.planning.plan import Plan
from resynchro.report.imaging_pictures import imaging_pictures


def report_html(plan: Plan, *, version: str) -> str:
    """Write the report of a plan.

    Parameters
    ----------
    plan
        From `make_plan`.
    version
        Version of Resynchro.

    Returns
    -------
    str
        A whole HTML document with every picture inside. No time stamp: the same plan gives the same bytes.
    """
    environment = Environment(
        loader=PackageLoader("resynchro.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = _number
    environment.filters["interval"] = _interval
    environment.filters["digits"] = _digits
    template = environment.get_template("report.html.j2")
    measurement = plan.measurement
    return template.render(
        plan=plan,
        m=measurement,
        version=version,
        schema_version=SCHEMA_VERSION,
        research_use=RESEARCH_USE,
        qrs_convention=None if measurement is None else QRS_CONVENTIONS[measurement.qrs_convention],
        pictures=_pictures(plan),
        morphology_words=None if measurement is None else MORPHOLOGY_WORDS[measurement.morphology],
        key_figures=() if measurement is None else _key_figures(measurement),
        absent={} if measurement is None else dict(measurement.absent),
        rules_by_guideline=_rules_by_guideline(plan),
        inputs=_imaging_inputs(plan),
        prospect_caveat=PROSPECT_CAVEAT,
    )


def _pictures(plan: Plan) -> Mapping[str, Any]:
    """Draw everything that the report shows."""
    pictures: dict[str, Any] = {
        "grid": _image(quality_quantity_figure(plan.quality_quantity), "Grid of dyssynchrony quality and quantity"),
        "comparisons": [
            _image(
                comparison_figure(item.comparison, item.reference_template, item.template),
                "Follow-up beat over reference beat in twelve leads",
            )
            for item in plan.comparisons
        ],
    }
    pictures |= imaging_pictures(plan.imaging, _image)
    m = plan.measurement
    if m is not None:
        pictures["paper"] = _image(ecg_paper_figure(m), "12-lead ECG on paper, 25 mm/s and 10 mm/mV")
        pictures["beats"] = _image(beats_figure(m), "Representative beat of each lead with limits and waves")
        pictures["butterfly"] = _image(butterfly_figure(m), "Representative beats of all leads in one picture")
        if m.loop is not None:
            pictures["loop"] = _image(vector_loop_figure(m), "QRS loop of the vectorcardiogram in three planes")
    return pictures


def _image(figure: Any, description: str) -> Markup:
    """Return a figure as an image element that carries its own data."""
    data = b64encode(svg_text(figure, title=description).encode("utf-8")).decode("ascii")
    return Markup('<img src="data:image/svg+xml;base64,{}" alt="{}">').format(data, description)


def _key_figures(m: EcgMeasurement) -> tuple[tuple[str, str, str], ...]:
    """Return (name, value with unit, remark) of the measurements that the first page shows."""
    absent = dict(m.absent)
    vendor = m.record.vendor.measurements

    def beside(name: str, unit: str) -> str:
        return f"recorder: {vendor[name]:.0f} {unit}" if name in vendor else ""

    def value(name: str, number: float | None, unit: str) -> str:
        return f"{number:.0f} {unit}" if number is not None else f"none ({absent.get(name, 'not measured')})"

    interval = m.area_interval
    rows = [
        ("Heart rate", value("heart_rate_bpm", m.heart_rate_bpm, "1/min"), beside("heart_rate_bpm", "1/min")),
        (
            "QRS duration",
            f"{m.qrs_ms:.0f} ms ({_interval(m.limits.duration_interval_ms)})",
            beside("qrs_ms", "ms"),
        ),
        ("PR interval", value("pr_ms", m.pr_ms, "ms"), beside("pr_ms", "ms")),
        ("QT interval", value("qt_ms", m.qt_ms, "ms"), beside("qt_ms", "ms")),
        ("Frontal QRS axis", value("axis_deg", m.axis_deg, "°"), beside("qrs_axis_deg", "°")),
        (
            "QRS area (Kors)",
            value("qrs_area_uvs", m.qrs_area_uvs, "µVs"),
            ""
            if interval is None
            else f"{_interval((interval.low_uvs, interval.high_uvs))} µVs within the QRS limits' intervals",
        ),
        ("Pacing", m.paced, m.stimulation.reason),
        (
            "Measured beats",
            f"{len(m.clusters[0].times_s)} of {sum(len(c.times_s) for c in m.clusters)}, {m.beat.kind}",
            "",
        ),
    ]
    if m.limits.stimulus_to_end_ms is not None:
        rows.insert(2, ("Stimulus to QRS end", f"{m.limits.stimulus_to_end_ms:.0f} ms", ""))
    return tuple(rows)


def _rules_by_guideline(plan: Plan) -> tuple[tuple[Any, tuple[Any, ...]], ...]:
    """Return (verdict, its rules) for each guideline."""
    return tuple(
        (verdict, tuple(r for r in plan.guidelines.results if r.rule.guideline == verdict.guideline))
        for verdict in plan.guidelines.verdicts
    )


def _imaging_inputs(plan: Plan) -> tuple[tuple[str, str, str | None], ...]:
    """Return (file, format, digest) of every examination by imaging."""
    return tuple(source for visit in plan.case.visits for source in examination_sources(visit))


def _number(value: float | None, digits: int = 0) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _digits(value: float) -> int:
    """Return the decimals that a number of its size deserves."""
    return 0 if abs(value) >= 20.0 else 1 if abs(value) >= 2.0 else 2


def _interval(limits: tuple[float, float]) -> str:
    return f"{limits[0]:.0f} to {limits[1]:.0f}"
