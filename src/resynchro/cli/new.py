"""``resynchro new``: make a case folder."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("new")
@click.argument("case", metavar="CASE", type=click.Path(path_type=Path))
@click.option("--id", "case_id", metavar="ID", help="Pseudonym of the patient; default: the folder's name.")
def command(case: Path, case_id: str | None) -> None:
    """Make the folder CASE with a commented case.yaml that explains every key."""
    from resynchro.formats.case_template import write_case_template

    written = write_case_template(case, case_id=case_id or case.resolve().name)
    print(f"Wrote {written}. Fill it in, put the ECG beside it, then run: resynchro plan {case}")
