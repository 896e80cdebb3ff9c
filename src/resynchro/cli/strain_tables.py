"""The tables that ``resynchro strain`` prints for people."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from resynchro.cli.measuring import print_notes, shown, table_console
from resynchro.imaging.strain.prospect import PROSPECT_CAVEAT
from resynchro.imaging.strain.timing_indices import NOT_TISSUE_DOPPLER

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from resynchro.imaging.strain.strain_measurement import StrainMeasurement
    from resynchro.record.index_value import IndexValue

_MARK = {"good": "ok", "caution": "caution", "poor": "POOR"}


def print_strain_tables(measured: Iterable[StrainMeasurement]) -> None:
    """Print data quality, segments, indices and PROSPECT's twelve of each examination."""
    console = table_console()
    for measurement in measured:
        name = " + ".join(Path(part).name for part in measurement.study.file.split(" + "))
        curves = measurement.curves
        console.print(
            f"{name}: {curves.strain_type} strain, {measurement.study.format}, engine {curves.engine}, "
            f"RR {1000 * curves.rr_s:.0f} ms, {len(curves.time_s)} frames",
            markup=False,
            highlight=False,
            style="bold",
        )
        console.print(_segment_table(measurement))
        console.print(_index_table("Indices", measurement.indices))
        console.print(_index_table("PROSPECT's twelve", measurement.prospect))
        print_notes(console, (PROSPECT_CAVEAT,))
        _print_quality(console, measurement)
        print_notes(console, ("Research use, not a medical device.",))


def _segment_table(measurement: StrainMeasurement) -> Table:
    from rich.table import Table

    from resynchro.record.segments import segment_name

    table = Table(title="Delay against the mean curve (later is positive) and peak from QRS onset")
    for heading, justify in (
        ("segment", "left"),
        ("delay\nms", "right"),
        ("± SE\nms", "right"),
        ("delay\n% RR", "right"),
        ("corre-\nlation", "right"),
        ("peak\n%", "right"),
        ("at\nms", "right"),
        ("remark", "left"),
    ):
        table.add_column(heading, justify="left" if justify == "left" else "right")
    peaks = {peak.segment: peak for peak in measurement.peaks}
    delays = {delay.segment: delay for delay in measurement.delays}
    for segment in measurement.curves.segments:
        delay, peak = delays.get(segment), peaks.get(segment)
        remarks = [
            text for text in (delay.reason if delay else None, peak.reason if peak else None) if text is not None
        ]
        table.add_row(
            f"{segment} {segment_name(segment, measurement.curves.model)}",
            shown(delay.delay_ms if delay else None, "+.0f"),
            shown(delay.se_ms if delay else None, ".1f"),
            shown(delay.delay_pct_rr if delay else None, "+.1f"),
            shown(delay.rho if delay else None, ".2f"),
            shown(peak.peak_pct if peak else None, ".1f"),
            shown(peak.time_ms if peak else None, ".0f"),
            "; ".join(dict.fromkeys(remarks)),
        )
    return table


def _index_table(title: str, indices: Iterable[IndexValue]) -> Table:
    from rich.table import Table

    table = Table(title=title)
    table.add_column("index")
    table.add_column("value", justify="right", style="bold")
    table.add_column("noise\nfloor", justify="right")
    table.add_column("n", justify="right")
    table.add_column("window, or why absent; published cut-offs", overflow="fold")
    rows = tuple(indices)
    names = [index.name for index in rows]
    for index in rows:
        table.add_row(
            f"{index.name} ({index.variant})" if names.count(index.name) > 1 else index.name,
            _value_words(index),
            shown(index.noise_floor, ".3g"),
            str(index.n_segments or ""),
            "; ".join(_words(index)),
        )
    return table


def _words(index: IndexValue) -> list[str]:
    if index.absent is not None:
        return [f"absent: {index.absent}"]
    words = [index.window] if index.window else []
    if NOT_TISSUE_DOPPLER in index.notes:
        return [*words, "from strain peaks, so cut-offs of tissue Doppler do not apply"]
    for published in index.published:
        if published.role == "cutoff":
            where = ", ".join(part for part in (published.strain_type, published.modality) if part)
            unverified = "" if published.verified else ", unverified"
            words.append(f"cut-off {published.statement} ({where}{unverified})")
    return words


def _value_words(index: IndexValue) -> str:
    if index.value is not None:
        digits = 0 if index.unit == "ms" else 2
        return f"{index.value:.{digits}f} {index.unit}".strip()
    if index.flag is not None:
        return "yes" if index.flag else "no"
    return index.text or "–"


def _print_quality(console: Console, measurement: StrainMeasurement) -> None:
    for item in measurement.quality:
        meaning = f" ({item.meaning})" if item.meaning else ""
        print_notes(console, (f"{_MARK[item.verdict]:>7}  {item.name}: {item.value}{meaning}",))
    print_notes(console, (f"note: {finding.message}" for finding in measurement.findings))
