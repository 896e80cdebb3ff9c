"""Fuzz every ECG reader: real files, mutated at random, must end in a record or in an InputError.

    python validation/ecg/fuzz_readers.py --count 2000 [--data DIR] [--only EDF CSV] [--keep DIR]

Each mutated file is read through `resynchro.formats.ecg_file.read_ecg` in a child process whose address space
is limited to 4 GiB. Per reader the table shows how many files ended in an InputError (of these: how many only
because the door caught an exception that the reader had not foreseen), in another exception, in a crash or a
time-out, how many were still readable, the slowest read and the peak memory. The same seed gives the same
files. The exit status is 1 when anything but InputError left `read_ecg`, or a read took more than 2 s.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import resource
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

MEMORY_LIMIT_BYTES = 4 * 1024**3
TIME_OUT_S = 30.0
SLOW_S = 2.0
MOST_PRINTED = 10

#: Files of one recording by name; the first is the one that is read.
Recording = dict[str, bytes]

_REAL_FILES: dict[str, tuple[str, ...]] = {
    "DICOM": ("ecgtoolkit/examples/*.dcm",),
    "SCP-ECG": ("ecgtoolkit/examples/*.scp",),
    "HL7 aECG": ("ecgtoolkit/examples/*.xml", "fda_aecg/src/aecg/data/**/*.xml", "ecg-kit/recordings/*.xml"),
    "MUSE": ("braveheart/*.xml",),
    "Philips": ("philips_sierra/examples/xml/**/*.xml",),
}
_WFDB_FILES = (
    "ludb/data/51.hea",
    "ludb/data/1.hea",
    "wfdb_ptb/sample-data/s0010_re.hea",
    "torch_ecg_samples/sample-data/cinc2021/E07503.hea",
)
READERS = ("WFDB", *_REAL_FILES, "EDF", "CSV")


@dataclass
class Tally:
    """What became of the mutated files of one reader."""

    outcomes: Counter[str] = field(default_factory=Counter)
    unforeseen: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    slow: int = 0
    peak_mib: float = 0.0


def synthetic_leads_mv(sampling_rate_hz: float = 500.0, duration_s: float = 10.0) -> dict[str, np.ndarray]:
    """Make twelve leads that obey Einthoven's law: P, QRS and T as Gaussian bumps, weighted per lead."""
    times_s = np.arange(round(duration_s * sampling_rate_hz)) / sampling_rate_hz
    phase_s = times_s % 0.8

    def bump(centre_s: float, width_s: float) -> np.ndarray:
        return np.exp(-0.5 * ((phase_s - centre_s) / width_s) ** 2)

    waves = np.stack([bump(0.20, 0.020), bump(0.34, 0.008), bump(0.36, 0.012), bump(0.38, 0.010), bump(0.60, 0.040)])
    weights = {
        "I": (0.08, -0.05, 0.7, -0.1, 0.2),
        "II": (0.12, -0.08, 0.9, -0.15, 0.25),
        "V1": (0.04, 0.15, 0.1, -0.8, -0.05),
        "V2": (0.05, 0.2, 0.4, -1.2, 0.3),
        "V3": (0.06, 0.1, 0.8, -0.8, 0.35),
        "V4": (0.07, -0.05, 1.3, -0.4, 0.3),
        "V5": (0.07, -0.1, 1.2, -0.2, 0.25),
        "V6": (0.06, -0.1, 0.9, -0.1, 0.2),
    }
    leads = {lead: np.array(weight) @ waves for lead, weight in weights.items()}
    one, two = leads["I"], leads["II"]
    limb = {
        "I": one,
        "II": two,
        "III": two - one,
        "aVR": -(one + two) / 2,
        "aVL": one - two / 2,
        "aVF": two - one / 2,
    }
    return {**limb, **{lead: leads[lead] for lead in ("V1", "V2", "V3", "V4", "V5", "V6")}}


def edf_bytes(
    leads_mv: dict[str, np.ndarray],
    *,
    sampling_rate_hz: int = 500,
    unit: str = "uV",
    bits: int = 16,
    reserved: str = "",
    annotations: list[bytes] | None = None,
    patient: str = "X F 02-MAR-1962 X",
    date: str = "02.03.26",
) -> bytes:
    """Write EDF, EDF+ or (bits=24) BDF with data records of 1 s and 1 µV per count.

    Parameters
    ----------
    leads_mv
        Arrays of shape (n,) [mV], n a multiple of `sampling_rate_hz`, by label.
    annotations
        One annotation block per data record, at most 60 bytes each; adds an annotation channel.
    """
    width = bits // 8
    per_mv = {"uV": 1000.0, "mV": 1.0, "V": 0.001}[unit]
    labels = [*leads_mv, *([] if annotations is None else ["EDF Annotations"])]
    samples = [sampling_rate_hz] * len(leads_mv) + ([] if annotations is None else [60 // width])
    n_records = len(next(iter(leads_mv.values()))) // sampling_rate_hz
    top = {16: 32000, 24: 8000000}[bits]
    physical = f"{top / 1000.0 * per_mv:.7g}"

    def fields(values: list[str], size: int) -> bytes:
        return b"".join(value.encode("latin-1").ljust(size)[:size] for value in values)

    n_signals = len(labels)
    start = b"\xffBIOSEMI" if bits == 24 else b"0".ljust(8)
    head = start + fields([patient], 80) + fields(["Startdate 02-MAR-2026 X X X"], 80) + fields([date, "10.20.30"], 8)
    head += fields([str(256 * (n_signals + 1))], 8) + fields([reserved], 44)
    head += fields([str(n_records), "1"], 8) + fields([str(n_signals)], 4)
    head += fields(labels, 16) + fields([""] * n_signals, 80) + fields([unit] * n_signals, 8)
    head += fields([f"-{physical}"] * n_signals, 8) + fields([physical] * n_signals, 8)
    head += fields([str(-top)] * n_signals, 8) + fields([str(top)] * n_signals, 8)
    head += fields(["HP:0.05Hz LP:150Hz N:50Hz"] * n_signals, 80) + fields([str(value) for value in samples], 8)
    head += fields([""] * n_signals, 32)
    counts = {lead: np.round(1000.0 * values).astype("<i4") for lead, values in leads_mv.items()}
    body = []
    for record in range(n_records):
        for values in counts.values():
            block = values[record * sampling_rate_hz : (record + 1) * sampling_rate_hz]
            body.append(block.view(np.uint8).reshape(-1, 4)[:, :width].tobytes())
        if annotations is not None:
            body.append(annotations[record].ljust(60, b"\x00")[:60])
    return head + b"".join(body)


def csv_bytes(leads_mv: dict[str, np.ndarray], *, sampling_rate_hz: float = 500.0) -> bytes:
    """Write a table in microvolts with the sampling rate in a comment."""
    lines = [f"# sampling_rate_hz: {sampling_rate_hz:g}", "# unit: uV", "# sex: female", ",".join(leads_mv)]
    rows = np.round(1000.0 * np.stack(list(leads_mv.values()), axis=1)).astype(int)
    lines += [",".join(map(str, row)) for row in rows.tolist()]
    return "\n".join(lines).encode() + b"\n"


def recordings(reader: str, data: Path | None) -> list[Recording]:
    """Collect the unharmed files of one reader: real ones, but synthetic ones for EDF and CSV."""
    leads = synthetic_leads_mv()
    if reader == "EDF":
        marks = [b"+%d\x14\x14\x00+%d.5\x14Pace spike\x14\x00" % (second, second) for second in range(10)]
        plus = edf_bytes(leads, reserved="EDF+C", annotations=marks)
        return [{"a.edf": plus}, {"b.bdf": edf_bytes(leads, bits=24, reserved="24BIT")}]
    if reader == "CSV":
        return [{"a.csv": csv_bytes(leads)}]
    if data is None:
        return []
    if reader == "WFDB":
        return [_wfdb_recording(data / name) for name in _WFDB_FILES if (data / name).is_file()]
    found = sorted({file for pattern in _REAL_FILES[reader] for file in data.glob(pattern) if file.is_file()})
    real: list[Recording] = [{f"a{file.suffix}": file.read_bytes()} for file in found]
    if reader == "DICOM":
        from pydicom.data import get_testdata_file

        real += [{"b.dcm": Path(str(get_testdata_file("waveform_ecg.dcm", download=False))).read_bytes()}]
    return real


def _wfdb_recording(header: Path) -> Recording:
    content = header.read_bytes()
    names = re.findall(rf"(?m)^({re.escape(header.stem)}\.\w+) ".encode(), content)
    files = {header.name: content}
    files.update({name.decode(): (header.parent / name.decode()).read_bytes() for name in dict.fromkeys(names)})
    return files


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    """Change a file in one to four random ways."""
    changed = bytearray(content)
    # Most damage makes XML ill-formed, which the parser refuses at once; so every other XML file stays well
    # formed.
    keep_form = b"</" in content and rng.random() < 0.5
    mutations = _FORM_KEEPING if keep_form else _MUTATIONS
    for _ in range(int(rng.integers(1, 5))):
        if not changed:
            break
        mutations[int(rng.integers(len(mutations)))](changed, rng)
    return bytes(changed)


def _flip_bits(content: bytearray, rng: np.random.Generator) -> None:
    for position in rng.integers(len(content), size=int(rng.integers(1, 30))):
        content[position] ^= 1 << int(rng.integers(8))


def _change_head(content: bytearray, rng: np.random.Generator) -> None:
    reach = min(len(content), int(rng.choice([64, 512, 4096])))
    for position in rng.integers(reach, size=int(rng.integers(1, 8))):
        content[position] = int(rng.integers(256))


def _truncate(content: bytearray, rng: np.random.Generator) -> None:
    del content[int(rng.integers(len(content))) :]


def _chunk(content: bytearray, rng: np.random.Generator) -> tuple[int, int]:
    start = int(rng.integers(len(content)))
    return start, min(len(content), start + int(rng.choice([1, 2, 4, 16, 100, 1000, 20000])))


def _delete(content: bytearray, rng: np.random.Generator) -> None:
    start, end = _chunk(content, rng)
    del content[start:end]


def _duplicate(content: bytearray, rng: np.random.Generator) -> None:
    start, end = _chunk(content, rng)
    content[end:end] = content[start:end] * int(rng.integers(1, 4))


def _insert(content: bytearray, rng: np.random.Generator) -> None:
    start, end = _chunk(content, rng)
    content[start:start] = rng.integers(256, size=end - start, dtype=np.uint8).tobytes()


def _move(content: bytearray, rng: np.random.Generator) -> None:
    start, end = _chunk(content, rng)
    piece = content[start:end]
    del content[start:end]
    target = int(rng.integers(len(content) + 1))
    content[target:target] = piece


def _change_number(content: bytearray, rng: np.random.Generator) -> None:
    """Replace a number written in text, in the first 64 kB, by an extreme one."""
    numbers = list(re.finditer(rb"-?\d+(\.\d+)?", bytes(content[:65536])))
    if numbers:
        number = numbers[int(rng.integers(len(numbers)))]
        extremes = (b"0", b"-1", b"99999999999", b"2147483647", b"1e308", b"nan", b"1e-300", b"65535", b"")
        content[number.start() : number.end()] = extremes[int(rng.integers(len(extremes)))]


def _change_word(content: bytearray, rng: np.random.Generator) -> None:
    """Overwrite two, four or eight bytes, mostly near the start, by an extreme number."""
    size = int(rng.choice([2, 4, 8]))
    reach = len(content) if rng.random() < 0.3 else min(len(content), 2048)
    position = int(rng.integers(reach))
    extremes = (
        b"\xff" * 8,
        b"\x00" * 8,
        b"\xff\xff\xff\x7f" * 2,
        b"\x00\x00\x00\x80" * 2,
        b"\x01" + b"\x00" * 7,
    )
    content[position : position + size] = extremes[int(rng.integers(len(extremes)))][:size]


def _swap_lines(content: bytearray, rng: np.random.Generator) -> None:
    """Exchange two lines of a text."""
    lines = bytes(content).split(b"\n")
    if len(lines) > 2:
        one, other = (int(value) for value in rng.integers(len(lines), size=2))
        lines[one], lines[other] = lines[other], lines[one]
        content[:] = b"\n".join(lines)


def _change_element(content: bytearray, rng: np.random.Generator) -> None:
    """Delete, empty or double an XML element, or cut its text."""
    tags = list(re.finditer(rb"<([A-Za-z][\w:.-]*)[^<>/]*>", bytes(content)))
    if not tags:
        return
    tag = tags[int(rng.integers(len(tags)))]
    closing = re.compile(rb"</" + re.escape(tag.group(1)) + rb"\s*>").search(bytes(content), tag.end())
    if closing is None:
        return
    element, inner = bytes(content[tag.start() : closing.end()]), bytes(content[tag.end() : closing.start()])
    choice = int(rng.integers(4))
    if choice == 0:
        content[tag.start() : closing.end()] = b""
    elif choice == 1:
        content[tag.end() : closing.start()] = b""
    elif choice == 2:
        content[tag.start() : tag.start()] = element
    elif b"<" not in inner:
        content[tag.end() : closing.start()] = inner[: int(rng.integers(len(inner) + 1))]


_FORM_KEEPING = (_change_number, _change_element, _change_element)
_MUTATIONS = (
    _flip_bits,
    _change_head,
    _truncate,
    _delete,
    _duplicate,
    _insert,
    _move,
    _change_number,
    _change_number,
    _change_word,
    _swap_lines,
)


def mutated_recording(originals: list[Recording], seed: tuple[int, ...]) -> Recording:
    """Mutate one file of one recording; of several files (WFDB) the first, the header, in 2 of 3 cases."""
    rng = np.random.default_rng(seed)
    files = dict(originals[int(rng.integers(len(originals)))])
    names = list(files)
    name = names[0] if len(names) == 1 or rng.random() < 0.67 else names[int(rng.integers(1, len(names)))]
    files[name] = mutated(files[name], rng)
    return files


def read_once(files: Recording, folder: Path) -> tuple[str, str]:
    """Write a recording into a folder and read it; return the outcome and, where it failed, what happened."""
    from resynchro.errors import InputError
    from resynchro.formats.ecg_file import read_ecg

    for name, content in files.items():
        (folder / name).write_bytes(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            record = read_ecg(folder / next(iter(files)))
        if not np.all(np.isfinite(record.signal_mv)):
            return "other", "record with non-finite samples"
    except InputError as error:
        cause = error.__cause__
        if "could not be read as" in str(error) and cause is not None and not isinstance(cause, InputError):
            frame = traceback.extract_tb(cause.__traceback__)[-1]
            return "caught", f"{type(cause).__name__} in {Path(frame.filename).name}:{frame.name}"
        return "input-error", ""
    except Exception as error:
        return "other", "".join(traceback.format_exception(error))[-1500:]
    return "read", ""


def _child(reader: str, data: Path | None, seed: int, orders: Connection, folder: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    originals = recordings(reader, data)
    while (index := orders.recv()) is not None:
        files = mutated_recording(originals, (seed, READERS.index(reader), index))
        start = time.perf_counter()
        outcome, detail = read_once(files, Path(folder))
        elapsed_s = time.perf_counter() - start
        peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
        orders.send((outcome, detail, elapsed_s, peak_mib))


def fuzz(reader: str, *, count: int, seed: int, data: Path | None, keep: Path | None) -> Tally:
    """Read `count` mutated files of one reader in a child process that is replaced when it dies."""
    tally = Tally()
    originals = recordings(reader, data)
    context = multiprocessing.get_context("fork")
    child: multiprocessing.process.BaseProcess | None = None
    with tempfile.TemporaryDirectory() as folder:
        parent_end: Connection | None = None
        for index in range(count):
            if child is None or parent_end is None:
                parent_end, child_end = context.Pipe()
                child = context.Process(target=_child, args=(reader, data, seed, child_end, folder), daemon=True)
                child.start()
                child_end.close()
            outcome, detail, elapsed_s, peak_mib = "crash", "the process died", 0.0, 0.0
            try:
                parent_end.send(index)
                if parent_end.poll(TIME_OUT_S):
                    outcome, detail, elapsed_s, peak_mib = parent_end.recv()
                else:
                    outcome, detail, elapsed_s = "time-out", f"more than {TIME_OUT_S:g} s", TIME_OUT_S
            except (EOFError, OSError):
                pass
            tally.outcomes[outcome] += 1
            # The first read of a child pays for the imports; it is no measure of the reader.
            if tally.outcomes.total() > 1:
                tally.slowest_s = max(tally.slowest_s, elapsed_s)
            tally.peak_mib = max(tally.peak_mib, peak_mib)
            tally.slow += elapsed_s > SLOW_S
            if outcome == "caught":
                tally.unforeseen[detail] += 1
            if outcome in ("other", "crash", "time-out") or elapsed_s > SLOW_S:
                tally.failures.append(f"{reader} {index}: {outcome} after {elapsed_s:.1f} s: {detail}")
                _keep(keep, reader, index, mutated_recording(originals, (seed, READERS.index(reader), index)))
            if outcome in ("crash", "time-out"):
                child.kill()
                child.join()
                child = None
        if child is not None and parent_end is not None:
            parent_end.send(None)
            child.join()
    return tally


def _keep(keep: Path | None, reader: str, index: int, files: Recording) -> None:
    if keep is not None:
        folder = keep / f"{reader.replace(' ', '_')}_{index}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)


def main() -> int:
    """Run the fuzz test and print the table."""
    parser = argparse.ArgumentParser(description="Fuzz every ECG reader with mutated files.")
    parser.add_argument("--count", type=int, default=2000, help="mutated files per reader")
    parser.add_argument("--seed", type=int, default=20260302)
    parser.add_argument("--only", nargs="+", choices=READERS, default=list(READERS))
    parser.add_argument("--keep", type=Path, help="folder for the files that failed")
    default = os.environ.get("RESYNCHRO_SHARED_DATA")
    parser.add_argument("--data", type=Path, default=Path(default) if default else None, help="folder of the real data")
    arguments = parser.parse_args()
    data: Path | None = arguments.data
    if data is not None and (data / "ecg").is_dir():
        data = data / "ecg"
    print(
        "| reader | files | read | InputError | of these caught at the door | other | crash or time-out | "
        "slowest s | peak MiB |\n|---|---|---|---|---|---|---|---|---|"
    )
    failures: list[str] = []
    unforeseen: Counter[str] = Counter()
    for reader in arguments.only:
        if not recordings(reader, data):
            print(f"| {reader} | no files (give --data) | | | | | | | |")
            continue
        tally = fuzz(reader, count=arguments.count, seed=arguments.seed, data=data, keep=arguments.keep)
        count = tally.outcomes
        print(
            f"| {reader} | {count.total()} | {count['read']} | {count['input-error'] + count['caught']} | "
            f"{count['caught']} | {count['other']} | {count['crash'] + count['time-out']} | "
            f"{tally.slowest_s:.2f} | {tally.peak_mib:.0f} |",
            flush=True,
        )
        failures += tally.failures
        unforeseen.update({f"{reader}: {what}": number for what, number in tally.unforeseen.items()})
    for what, number in unforeseen.most_common():
        print(f"caught at the door {number} x {what}")
    for failure in failures[:MOST_PRINTED]:
        print(failure)
    if len(failures) > MOST_PRINTED:
        print(f"... and {len(failures) - MOST_PRINTED} more")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
