"""The command line: thin, parse, call, print. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import click

from resynchro import __version__
from resynchro.errors import ResynchroError

#: Commands in the order of the help, each in a module of its own that is imported when it is needed.
_COMMANDS = {
    "demo": ("resynchro.cli.demo", "Make the demonstration case and plan it."),
    "plan": ("resynchro.cli.plan", "Read a case folder and write plan.json and report.html."),
    "new": ("resynchro.cli.new", "Make a new case folder with a commented case.yaml."),
    "ecg": ("resynchro.cli.ecg", "Measure and judge 12-lead ECG files."),
    "strain": ("resynchro.cli.strain", "Measure mechanical dyssynchrony in strain files."),
    "work": ("resynchro.cli.work", "Measure myocardial work from strain and LV pressure."),
    "volumes": ("resynchro.cli.volumes", "Measure volumes and RV function from echo contours."),
    "cine": ("resynchro.cli.cine", "Measure volumes, thickness and strain in cine MRI."),
    "scar": ("resynchro.cli.scar", "Measure scar in late-enhancement MRI, labels or tables."),
    "phase": ("resynchro.cli.phase", "Measure phase and perfusion in gated SPECT."),
    "target": ("resynchro.cli.target", "Find the target segment for the LV lead of a case."),
    "heart": ("resynchro.cli.heart", "Build, inspect, convert and draw hearts."),
    "simulate": ("resynchro.cli.simulate", "Simulate a paced or intrinsic beat and its 12-lead QRS."),
    "twin": ("resynchro.cli.twin", "Fit the electrical twin to the ECG of a case."),
    "compare-ecg": ("resynchro.cli.compare_ecg", "Compare a follow-up ECG with a reference ECG."),
}


class _ReaderGoneError(Exception):
    """The reader of a pipe went away (`resynchro ecg ... | head`): that is no error of ours, but one for click."""


class _LazyGroup(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ReaderGoneError from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command = import_module(_COMMANDS[cmd_name][0]).command
        assert isinstance(command, click.Command)  # our own table, not user input
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="resynchro")
def cli() -> None:
    """An open workbench for cardiac resynchronization therapy (CRT).

    For research. Not a medical device.
    """


def main() -> None:
    """Run the command line; errors become one message and status 2, never a traceback."""
    try:
        cli(prog_name="resynchro", standalone_mode=False)
    except ResynchroError as error:
        _say(str(error))
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        _say("stopped")
        sys.exit(130)
    except _ReaderGoneError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        _say(f"{error.filename or 'a file'}: {error.strerror or error}")
        sys.exit(2)
    except Exception as error:
        if os.environ.get("RESYNCHRO_TRACEBACK"):
            raise
        _say(
            f"internal error ({type(error).__name__}: {error}). This is a defect of Resynchro, not of your "
            "data: please report it, with the traceback that RESYNCHRO_TRACEBACK=1 shows"
        )
        sys.exit(1)


def _say(message: str) -> None:
    print(f"resynchro: {message}", file=sys.stderr)
