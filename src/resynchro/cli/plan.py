"""``resynchro plan``: the main job."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from resynchro.planning.plan import Plan


@click.command("plan")
@click.argument("case", metavar="CASE", type=click.Path(path_type=Path))
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path), help="Folder for the plan; default: CASE/plan.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of every random draw.")
def command(case: Path, out: Path | None, seed: int) -> None:
    """Read the case folder CASE and write plan.json and report.html."""
    plan_case(case, out or case / "plan", seed)


def plan_case(case_folder: Path, out: Path, seed: int = 0) -> Plan:
    """Plan one case, write its files, and print the answers."""
    from rich.console import Console

    from resynchro import __version__
    from resynchro.formats.case_folder import read_case
    from resynchro.formats.output_file import write_file
    from resynchro.planning.document import plan_document
    from resynchro.planning.plan import make_plan
    from resynchro.report.html import report_html

    console = Console(stderr=True)
    with console.status("Reading the case"):
        case = read_case(case_folder)
    with console.status("Measuring and planning"):
        plan = make_plan(case, seed=seed)
    with console.status("Drawing the report"):
        document = json.dumps(plan_document(plan, version=__version__), allow_nan=False, ensure_ascii=False, indent=1)
        html = report_html(plan, version=__version__)
    write_file(out / "plan.json", document + "\n")
    write_file(out / "report.html", html)
    _print_answers(plan, out)
    return plan


def _print_answers(plan: Plan, out: Path) -> None:
    print(f"{plan.case.id} (research use, not a medical device)")
    for answer in plan.answers:
        print(f"\n{answer.question}\n  {answer.headline}")
    if plan.warnings:
        print("\nWarnings")
        for finding in plan.warnings:
            print(f"  {finding.message}")
    print(f"\nWrote {out / 'plan.json'} and {out / 'report.html'}")
