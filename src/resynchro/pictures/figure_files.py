"""A figure as SVG text, PNG bytes or files: the same bytes for the same figure, true in millimetres."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from pathlib import Path
from xml.sax.saxutils import escape

from matplotlib.figure import Figure

from resynchro.formats.output_file import write_file
from resynchro.pictures.appearance import house_style, size_mm

#: Ten dots per millimetre exactly.
PNG_DPI = 254.0
#: The longest name of what is shown that goes into the name of a picture.
_LONGEST_NAME = 80

_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_PATH_DATA = re.compile(r'(?<= d=")[^"]*')
_IDENTIFIER = re.compile(r' id="([^"]*)"')
_REFERENCE = re.compile(r'(?:url\(#|href="#)([^)"]*)')
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
_COMMENT = re.compile(r"\s*<!--.*?-->", re.DOTALL)
_SIZE = re.compile(r' width="[^"]*pt"| height="[^"]*pt"')


def svg_text(figure: Figure, *, title: str) -> str:
    """Render a figure as SVG.

    Parameters
    ----------
    figure
        From one of the picture functions.
    title
        What it shows, for screen readers and the browser's window.

    Returns
    -------
    str
        One ``<svg>`` element without prolog, ready for a file or for the middle of an HTML page. Width and height are
        in millimetres; letters are outlines; nothing is loaded from elsewhere; there is no date.

    Notes
    -----
    Coordinates are rounded to 0.01 pt (4 µm). Element names that nothing refers to are left out, so that several
    pictures can stand in one page.
    """
    buffer = io.StringIO()
    with house_style():
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = _COMMENT.sub("", _METADATA.sub("", text[text.index("<svg") :]))
    text = _PATH_DATA.sub(_rounded, text)
    referred = set(_REFERENCE.findall(text))
    text = _IDENTIFIER.sub(lambda match: match.group(0) if match.group(1) in referred else "", text)
    width_mm, height_mm = size_mm(figure)
    head, rest = text.split(">", 1)
    head = _SIZE.sub("", head) + f' width="{width_mm:.4g}mm" height="{height_mm:.4g}mm" role="img"'
    return f"{head}>\n <title>{escape(_printable(title))}</title>{rest}"


def png_bytes(figure: Figure, *, dpi: float = PNG_DPI) -> bytes:
    """Render a figure as PNG with its true size declared.

    Parameters
    ----------
    figure
        From one of the picture functions.
    dpi
        Dots per inch, written into the file.

    Returns
    -------
    bytes
        The file, without date and name of the software.
    """
    buffer = io.BytesIO()
    with house_style():
        figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def write_figures(
    figures: Iterable[tuple[str, str, Figure]], folder: Path, *, stem: str, sha256: str, otherwise: str
) -> tuple[Path, ...]:
    """Write figures as SVG and PNG.

    Parameters
    ----------
    figures
        Suffix of the name, title and figure, one after the other.
    folder
        Where to; made when absent.
    stem, sha256, otherwise
        As for `picture_name`.

    Returns
    -------
    tuple of Path
        ``NAME_SUFFIX.svg`` and ``.png`` of each figure, with NAME from `picture_name`.

    Raises
    ------
    InputError
        When the folder cannot be made or written to.
    """
    name = picture_name(stem, sha256=sha256, otherwise=otherwise)
    written = []
    for suffix, title, figure in figures:
        written.append(write_file(folder / f"{name}_{suffix}.svg", svg_text(figure, title=title)))
        written.append(write_file(folder / f"{name}_{suffix}.png", png_bytes(figure)))
    return tuple(written)


def picture_name(stem: str, *, sha256: str, otherwise: str) -> str:
    """Return the first part of the names of pictures, safe on every file system.

    Parameters
    ----------
    stem
        Name of what is shown: of the file, without its folder and ending, or of the case.
    sha256
        SHA-256 of the file. Its first eight digits end the name, so that two files of one name in different folders do
        not overwrite each other's pictures. Empty: no digits.
    otherwise
        Name where nothing of the stem is left.

    Examples
    --------
    >>> picture_name("visit 1/ecg", sha256="0123456789abcdef", otherwise="ecg")
    'visit_1_ecg-01234567'
    """
    safe = re.sub(r"[^\w.-]+", "_", stem).strip("._")[:_LONGEST_NAME] or otherwise
    return f"{safe}-{sha256[:8]}" if sha256 else safe


def _rounded(data: re.Match[str]) -> str:
    return _NUMBER.sub(_two_decimals, " ".join(data.group(0).split()))


def _two_decimals(number: re.Match[str]) -> str:
    text = f"{float(number.group(0)):.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _printable(text: str) -> str:
    """Leave out what XML forbids."""
    return "".join(character for character in text if character.isprintable())
