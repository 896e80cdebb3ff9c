"""Strain files against what is known of them, and strain phantoms against their prescribed delays.

Run: python validation/imaging/strain_files.py [--data DIR] [--mutations N]
About 20 seconds on one core.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from scipy.stats import spearmanr

from resynchro.errors import InputError
from resynchro.formats.contour_knots import arc_strain_pct
from resynchro.formats.strain_csv_writing import write_strain_csv
from resynchro.formats.strain_file import read_strain
from resynchro.imaging.strain.segment_delay import segment_delays
from resynchro.imaging.strain.strain_curves import curves_from_study
from resynchro.imaging.strain.strain_demonstration import demonstration_delays_ms, demonstration_strain_study
from resynchro.imaging.strain.strain_phantom import angular_delays_ms, strain_phantom
from resynchro.record.segments import segment_from_name
from resynchro.record.strain import StrainStudy

XML = "strain/echopac/images/Sample_XML.xml"
TXT = "strain/echopac/images/txt example.txt"
#: Any assignment serves for reading; which colour is which segment is not in the file.
COLOURS: dict[str, int | str] = {"YELLOW": 3, "CYAN": 9, "GREEN": 15, "MAGENTA": 18, "BLUE": 12, "RED": 6}
#: File, peak and end of the strain of the whole contour in the reference document [%]; frame numbers of the table that
#: comes with the files: QRS onset, MVC, AVO, AVC, MVO, next QRS onset.
LOOPS = {
    "SUB_0014/SUB_0014_POST_SAX.CSV": (-11.3, 1.6, (36, 39, 44, 74, 89, 121)),
    "SUB_0015/SUB_0015_POST_SAX.CSV": (-9.3, -0.3, (31, 34, 38, 65, 74, 105)),
    "VOL_0001/VOL_0001_OFF_4CH.CSV": (-11.2, 4.7, (13, 14, 17, 28, 31, 44)),
    "VOL_0002/VOL_0002_OFF_4CH.CSV": (-9.7, 2.9, (27, 29, 33, 53, 57, 109)),
}
EVENTS = ("qrs_on", "mvc", "avo", "avc", "mvo", "qrs_next")


def table(title: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a markdown table."""
    print(f"\n### {title}\n\n| {' | '.join(headings)} |\n|{'---|' * len(headings)}")
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")


def echopac_xml(path: Path) -> None:
    """Compare every strain value with a second, independent reading of the workbook."""
    study = read_strain(path)
    plain = _second_reading(path)
    rows = []
    for view in study.views:
        sheet = plain[f"Strain Traces - {view.name}"]
        times = [float(row[0]) for row in sheet[1:]]
        largest = 0.0
        for column, name in enumerate(sheet[0][1:], start=1):
            curve = view.strain_pct[view.segments.index(segment_from_name(name, "aha18"))]
            largest = max(largest, float(np.abs(curve - [float(row[column]) for row in sheet[1:]]).max()))
        largest_s = float(np.abs(view.time_s - times).max())
        frame_ms = 1000 * float(np.diff(view.time_s).mean())
        rows.append((view.name, len(view.time_s), f"{frame_ms:.1f}", f"{1000 * view.rr_s:.0f}", largest, largest_s))
    table(
        "EchoPAC XML against a second reading (by position, ElementTree)",
        ("view", "frames", "interval [ms]", "beat [ms]", "largest difference [%]", "[s]"),
        rows,
    )
    for finding in study.findings:
        print(f"\n`{finding.code}`: {finding.message}")


def _second_reading(path: Path) -> dict[str, list[list[str]]]:
    """Read the sheets of a workbook that is known to have no gaps in its trace sheets."""
    office = "{urn:schemas-microsoft-com:office:spreadsheet}"
    sheets = {}
    for sheet in ElementTree.parse(path).getroot().iter(f"{office}Worksheet"):
        rows = [["".join(cell.itertext()) for cell in row.iter(f"{office}Cell")] for row in sheet.iter(f"{office}Row")]
        sheets[str(sheet.get(f"{office}Name"))] = rows
    return sheets


def echopac_txt(path: Path) -> None:
    """Compare the beat with the rows of the file."""
    study = read_strain(path, colours=COLOURS)
    lines = path.read_text(encoding="latin-1").splitlines()
    rows = [[float(cell) for cell in line.split()] for line in lines[4:] if line.strip()]
    (view,) = study.views
    numbers = np.array(rows)[:, 1:7]
    zeros = [number for number, row in enumerate(numbers) if not row.any()]
    beat = numbers[zeros[0] : zeros[1] + 1].T
    table(
        "EchoPAC TXT",
        ("quantity", "value"),
        [
            ("rows where all curves are 0", zeros),
            ("left marker, 0.145 s x 63 per s", round(0.145 * 63)),
            ("right marker, 0.896 s x 63 per s", round(0.896 * 63)),
            ("end-systolic marker, 0.475 s x 63 per s", round(0.475 * 63)),
            ("largest difference from the rows [%]", float(np.abs(view.strain_pct - beat).max())),
            ("beat [ms]", f"{1000 * view.rr_s:.0f}"),
        ],
    )
    for finding in study.findings:
        print(f"\n`{finding.code}`: {finding.message}")


def full_traces(folder: Path, scratch: Path) -> None:
    """Strain of the whole contour, events, drift."""
    events = scratch / "events.csv"
    lines = ["file," + ",".join(f"{name}_frame" for name in EVENTS)]
    lines += [f"{Path(file).name},{','.join(map(str, known[2]))}" for file, known in LOOPS.items()]
    events.write_text("\n".join(lines) + "\n")
    rows = []
    for file, (peak, end, frames) in LOOPS.items():
        (view,) = read_strain(folder / file, events_file=events).views
        assert view.knots_mm is not None
        knots = np.concatenate([view.knots_mm, view.knots_mm[:, :1]], axis=1) if view.knots_closed else view.knots_mm
        whole = arc_strain_pct(knots, 1)[0]
        header = (folder / file).read_bytes().decode("latin-1").split("\r")[7]
        rate, left, es = (
            float(re.findall(rf"{name}= ?([\d.]+)", header)[0]) for name in ("FR", "Left Marker Time", "ES Time")
        )
        avc = view.events.avc_s
        assert avc is not None
        rows.append(
            (
                Path(file).stem,
                view.name,
                f"{whole.min():.1f} ({peak})",
                f"{whole[-1]:.1f} ({end})",
                f"{1000 * abs((frames[0] - 1) / rate - left):.1f}",
                f"{1000 * avc:.0f}",
                f"{1000 * (es - left):.0f}",
                f"{view.strain_pct.min():.1f} to {view.strain_pct.max():.1f}",
            )
        )
    table(
        "EchoPAC full traces (reference in brackets)",
        (
            "loop",
            "view",
            "peak of the whole [%]",
            "end of the whole [%]",
            "marker from frame [ms]",
            "AVC [ms]",
            "header ES [ms]",
            "range of segments [%]",
        ),
        rows,
    )


def round_trip(studies: Mapping[str, StrainStudy], scratch: Path) -> None:
    """Write and read back."""
    rows = []
    for name, study in studies.items():
        again = read_strain(write_strain_csv(study, scratch / "study.csv"))
        same = all(
            np.array_equal(one.strain_pct, other.strain_pct)
            and np.array_equal(one.time_s, other.time_s)
            and (one.segments, one.rr_s, one.name) == (other.segments, other.rr_s, other.name)
            for one, other in zip(study.views, again.views, strict=True)
        )
        gaps = [
            abs((getattr(one.events, valve) or 0.0) - (getattr(other.events, valve) or 0.0))
            for one, other in zip(study.views, again.views, strict=True)
            for valve in ("mvc_s", "avo_s", "avc_s", "mvo_s")
        ]
        rows.append((name, "identical" if same else "DIFFERENT", f"{max(gaps):.1g}"))
    table(
        "Strain CSV written and read",
        ("study", "times, strain, segments, beats", "events, largest difference [s]"),
        rows,
    )


def fuzz(data: Path, scratch: Path, mutations: int) -> None:
    """Damage real files: only InputError may come out, and from the reader itself, not from the net under it."""
    options: dict[str, dict[str, Any]] = {
        XML: {},
        TXT: {"colours": COLOURS},
        f"strain/echopac_fulltrace/Data/{next(iter(LOOPS))}": {},
    }
    rows = []
    for name, given in options.items():
        content, chance, read, caught = (data / name).read_bytes(), random.Random(1), 0, 0
        for _ in range(mutations if len(content) < 200_000 else mutations // 8):
            damaged = bytearray(content)
            for _ in range(chance.randint(1, 6)):
                reach = min(len(damaged), chance.choice([300, 3000, len(damaged)]))
                damaged[chance.randrange(reach)] = chance.randrange(256)
            if chance.random() < 0.1:
                del damaged[chance.randrange(len(damaged)) :]
            path = scratch / "damaged"
            path.write_bytes(bytes(damaged))
            try:
                read_strain(path, **given)
                read += 1
            except InputError as error:
                caught += "could not be read as" in str(error)
        tried = mutations if len(content) < 200_000 else mutations // 8
        rows.append((Path(name).name, tried, read, tried - read, 0, caught))
    table("Damaged files", ("file", "tried", "read", "InputError", "other errors", "of them by the last net"), rows)


def phantoms() -> None:
    """Delays measured by cross-correlation against those prescribed."""
    rows = []
    shifts = {1: 0.0, 2: 10.0, 3: 47.0, 4: 90.0, 5: -35.0}
    measured = {item.segment: item.delay_ms for item in segment_delays(strain_phantom(shifts))}
    relative = {segment: (measured[segment] or np.nan) - (measured[1] or np.nan) for segment in shifts}
    worst = max(abs(relative[segment] - shifts[segment]) for segment in shifts)
    rows.append(("five pure shifts, 30 frames", f"{worst:.3f}", "1"))
    for coupling in (0.0, 0.4, 0.8):
        asked = {segment: delay for segment, delay in angular_delays_ms(126.0).items() if 7 <= segment <= 12}
        found = segment_delays(strain_phantom(asked, coupling=coupling, peak_pct=16.0))
        pairs = [(asked[item.segment], item.delay_ms) for item in found if item.delay_ms is not None]
        slope = np.ptp([found_ms for _, found_ms in pairs]) / np.ptp([asked_ms for asked_ms, _ in pairs])
        order = float(spearmanr(*zip(*(np.round(pair, 3) for pair in pairs), strict=True)).statistic)
        centre = np.mean([found_ms - asked_ms for asked_ms, found_ms in pairs])
        off = max(abs(found_ms - asked_ms - centre) for asked_ms, found_ms in pairs)
        rows.append(
            (f"ring of six, coupling {coupling}, {len(pairs)} valid", f"{off:.1f}", f"{slope:.2f}, order {order:.2f}")
        )
    table(
        "Phantom: measured against prescribed delay",
        ("phantom", "largest error [ms]", "spread, measured/prescribed"),
        rows,
    )
    asked = demonstration_delays_ms()
    found = segment_delays(curves_from_study(demonstration_strain_study()))
    table(
        "Demonstration: prescribed and measured delay [ms]",
        ("segment", "prescribed", "measured from the mean", "reason if absent"),
        [
            (
                item.segment,
                f"{asked[item.segment]:.0f}",
                "" if item.delay_ms is None else f"{item.delay_ms:.0f}",
                item.reason or "",
            )
            for item in found
        ],
    )


def main() -> None:
    """Print the tables of `strain_files.md`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("RESYNCHRO_SHARED_DATA", beside)))
    parser.add_argument("--mutations", type=int, default=1600)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        if (given.data / XML).exists():
            echopac_xml(given.data / XML)
            echopac_txt(given.data / TXT)
            full_traces(given.data / "strain/echopac_fulltrace/Data", scratch)
            studies = {"EchoPAC XML": read_strain(given.data / XML), "demonstration": demonstration_strain_study()}
            round_trip(studies, scratch)
            fuzz(given.data, scratch, given.mutations)
        else:
            print(f"{given.data}: no strain files there; the tables of real files are left out (--data DIR)")
        phantoms()


if __name__ == "__main__":
    main()
