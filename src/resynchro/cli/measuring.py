"""What the measuring commands share: options of the output, the loop over what is given, and how it is printed."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from resynchro.errors import ResynchroError

if TYPE_CHECKING:
    from rich.console import Console

_Function = Callable[..., Any]
_Item = TypeVar("_Item", Path, tuple[Path, ...])
_Measured = TypeVar("_Measured")

#: Name and reason of what could not be measured.
Failure = tuple[str, str]


def options_in_order(*options: Callable[[_Function], _Function]) -> Callable[[_Function], _Function]:
    """Join options to one decorator; the help shows them in this order."""

    def decorate(function: _Function) -> _Function:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def output_options(
    each: str, *, picture: str, csv_help: str = "Print comma-separated values with a header line."
) -> Callable[[_Function], _Function]:
    """Return the options ``--json`` and ``--csv``, which exclude each other, and ``--picture DIR``.

    Parameters
    ----------
    each
        What a line of JSON stands for: file, path, examination, case.
    picture, csv_help
        Help of ``--picture`` and ``--csv``.
    """
    json_help = f"Print one JSON object per line and {each}."
    return options_in_order(
        click.option("--json", "as_json", is_flag=True, callback=_one_output, help=json_help),
        click.option("--csv", "as_csv", is_flag=True, callback=_one_output, help=csv_help),
        click.option("--picture", metavar="DIR", type=click.Path(path_type=Path, file_okay=False), help=picture),
    )


def _one_output(context: click.Context, _: click.Parameter, value: bool) -> bool:
    """Refuse the second of ``--json`` and ``--csv``; the parameters of the context are those read so far."""
    if value and (context.params.get("as_json") or context.params.get("as_csv")):
        raise click.UsageError("--json and --csv exclude each other: choose one")
    return value


def measured_in_turn(
    items: Sequence[_Item], measure: Callable[[_Item], _Measured], failed: list[Failure]
) -> Iterator[_Measured]:
    """Yield the measurement of every item that can be measured; note the others in ``failed``.

    Parameters
    ----------
    items
        Files or folders, or tuples of files that belong together. More than three show progress on a terminal.
    measure
        Measures one of them; raises `ResynchroError` where that is not possible.
    failed
        Filled while the measurements are taken.
    """
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    show = console.is_terminal and len(items) > 3
    for item in track(items, "Measuring", console=console, transient=True, disable=not show):
        try:
            measurement = measure(item)
        except ResynchroError as error:
            failed.append((str(item) if isinstance(item, Path) else " + ".join(map(str, item)), str(error)))
            continue
        yield measurement


def exit_if_failed(failed: Sequence[Failure], of: int, words: str | None) -> None:
    """List what failed, then how many of how many in these words (None: no such line), and exit with status 2."""
    for name, message in failed:
        print(f"resynchro: {message if name in message else f'{name}: {message}'}", file=sys.stderr)
    if failed:
        if words is not None:
            print(f"resynchro: {len(failed)} of {of} {words}", file=sys.stderr)
        sys.exit(2)


def print_json_lines(documents: Iterable[Mapping[str, Any]]) -> None:
    """Print one JSON object per line, each as soon as it is there."""
    for document in documents:
        print(json.dumps(document, allow_nan=False, ensure_ascii=False), flush=True)


def print_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Print a header line and the rows, each as soon as it is there; what a row lacks stays empty."""
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(row)
        sys.stdout.flush()


def warnings_cell(summary: Mapping[str, Any]) -> str:
    """Return the warnings of a summary as one cell of a CSV row."""
    return "; ".join(finding["message"] for finding in summary["warnings"])


def table_console() -> Console:
    """Return the console for tables: as wide as the terminal, 120 columns in a file or pipe."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 120)


def print_notes(console: Console, notes: Iterable[str]) -> None:
    """Print lines below a table, indented and word for word."""
    for note in notes:
        console.print(f"  {note}", markup=False, highlight=False)


def shown(value: float | None, form: str = ".0f") -> str:
    """Return a number for a cell of a table, a dash where there is none."""
    return "–" if value is None else f"{value:{form}}"
