"""``resynchro heart``: build a template heart, look into a heart mesh, write it for other programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from resynchro.cli.measuring import options_in_order, print_notes, shown, table_console
from resynchro.errors import InputError, ResynchroError

if TYPE_CHECKING:
    from resynchro.heart.heart import Heart

_Function = Callable[..., Any]
#: Sizes of the template: option, parameter, unit, what it is.
_SIZES = (
    ("--lv-edv", "lv_edv_ml", "ML", "LV end-diastolic volume."),
    ("--lv-length", "lv_length_mm", "MM", "From the centre of the base to the endocardium of the apex."),
    ("--lv-diameter", "lv_diameter_mm", "MM", "LV end-diastolic diameter, where the volume is not known."),
    ("--septal-wall", "septal_wall_mm", "MM", "Thickness of the septum."),
    ("--anterior-wall", "anterior_wall_mm", "MM", "Thickness of the anterior wall."),
    ("--lateral-wall", "lateral_wall_mm", "MM", "Thickness of the lateral wall."),
    ("--inferior-wall", "inferior_wall_mm", "MM", "Thickness of the inferior wall."),
    ("--apical-wall", "apical_wall_mm", "MM", "Thickness at the very apex."),
    ("--rv-edv", "rv_edv_ml", "ML", "RV end-diastolic volume."),
    ("--rv-wall", "rv_wall_mm", "MM", "Thickness of the RV free wall."),
)
_ENDINGS = ".vtu, .vtp, .stl, or .pts, .elem or .lon for openCARP"

_size_options = options_in_order(
    *(click.option(name, variable, type=float, metavar=unit, help=text) for name, variable, unit, text in _SIZES)
)
_template_options = options_in_order(
    click.option(
        "--preset",
        type=click.Choice(["normal", "dilated"]),
        help="Sizes that are not given. Without it they follow the given ones by stated rules.",
    ),
    _size_options,
    click.option(
        "--edge", "edge_mm", type=float, metavar="MM", help="Edge length along the walls, 0.9 to 4.  [default: 2]"
    ),
)
_fibre_options = options_in_order(
    click.option("--endo-angle", "endocardial_deg", type=float, metavar="DEG", help="Fibres inside.  [default: 60]"),
    click.option("--epi-angle", "epicardial_deg", type=float, metavar="DEG", help="Fibres outside.  [default: -60]"),
)
_mesh_options = options_in_order(
    click.option("--unit", type=click.Choice(["m", "cm", "mm", "um"]), help="Unit of length of FILE."),
    click.option(
        "--axes",
        type=click.Choice(["lps", "ras", "unknown"]),
        help="Axes of FILE; unknown turns the heart to the usual position.  [default: as FILE says, else lps]",
    ),
    click.option(
        "--fibre-file", type=click.Path(path_type=Path), metavar="FILE", help="Fibres of FILE in a file of their own."
    ),
    click.option("--fibres", type=click.Choice(["file", "rule"]), help="By rule even where FILE has some."),
)
_picture_option = click.option(
    "--picture",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write segments, veins and fibres from the standard views as SVG and PNG into DIR.",
)
_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group("heart")
def command() -> None:
    """Build a template heart, look into any biventricular mesh, and write it for other programs."""


@command.command("build")
@_template_options
@_fibre_options
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help=f"Where to: {_ENDINGS}.")
@_picture_option
@_json_option
def build(out: Path, picture: Path | None, as_json: bool, **given: Any) -> None:
    """Build the template heart in the given sizes and write it to FILE.

    VTU holds the tetrahedra with fibres, segments, walls and coordinates; VTP and STL the closed surface; openCARP
    nodes, elements with the segment as tag, fibres and sheet normals. Everything is in LPS and mm, openCARP in um.
    """
    _checked_ending(out)
    heart = _template(**given)
    _report(heart, "template", {}, as_json, picture, out)


@command.command("inspect")
@click.argument("file", required=False, metavar="[FILE]", type=click.Path(path_type=Path))
@_mesh_options
@_template_options
@_fibre_options
@_picture_option
@_json_option
def inspect(file: Path | None, as_json: bool, picture: Path | None, **given: Any) -> None:
    """Say what is known about a heart: cavities, masses, walls, segments, fibres, quality of the mesh.

    FILE is a biventricular mesh of tetrahedra with an open base (VTK, VTU, gmsh, CARP); without it, the template heart
    in the given sizes. Coordinates, segments and missing fibres are computed.
    """
    heart, said = _heart(file, **given)
    _report(heart, "template" if file is None else str(file), said, as_json, picture, None)


@command.command("export")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@_mesh_options
@_fibre_options
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help=f"Where to: {_ENDINGS}.")
@_picture_option
@_json_option
def export(file: Path, out: Path, as_json: bool, picture: Path | None, **given: Any) -> None:
    """Read the biventricular mesh FILE, give it coordinates, segments and fibres, and write it in another form."""
    _checked_ending(out)
    heart, said = _of_file(file, **given)
    _report(heart, str(file), said, as_json, picture, out)


def _heart(file: Path | None, **given: Any) -> tuple[Heart, dict[str, Any]]:
    """Return the heart of a file or the template; refuse what belongs to the other."""
    of_mesh = {name: given.pop(name) for name in ("unit", "axes", "fibre_file", "fibres")}
    if file is None:
        _refuse(of_mesh, "belongs to a mesh file: name FILE, or leave the option out")
        return _template(**given), {}
    angles = {name: given.pop(name) for name in ("endocardial_deg", "epicardial_deg")}
    _refuse(given, "belongs to the template heart: leave it out, or leave out FILE")
    return _of_file(file, **of_mesh, **angles)


def _refuse(options: dict[str, Any], why: str) -> None:
    names = {variable: name for name, variable, _, _ in _SIZES} | {"edge_mm": "--edge"}
    for variable, value in options.items():
        if value is not None:
            raise InputError(f"{names.get(variable, '--' + variable.replace('_', '-'))} {why}")


def _template(
    *,
    preset: Any,
    edge_mm: float | None,
    endocardial_deg: float | None,
    epicardial_deg: float | None,
    **sizes: float | None,
) -> Heart:
    """Return the template heart in sizes of a preset, or in those that follow from the given ones."""
    from dataclasses import replace

    from resynchro.heart.patient_sizes import KnownSizes, filled_sizes
    from resynchro.heart.template import template_heart
    from resynchro.heart.template_parameters import PRESETS
    from resynchro.heart.vein_stations import with_veins

    known = {name: value for name, value in sizes.items() if value is not None}
    findings: tuple[Any, ...] = ()
    if preset is not None:
        if "lv_diameter_mm" in known:
            raise InputError("--lv-diameter gives the volume, which --preset gives too: leave one of them out")
        parameters = replace(PRESETS[preset], **known)
    else:
        parameters, finding = filled_sizes(KnownSizes(**known))
        findings = (finding,) if known else ()
    heart = template_heart(
        parameters,
        edge_mm=2.0 if edge_mm is None else edge_mm,
        endocardial_deg=60.0 if endocardial_deg is None else endocardial_deg,
        epicardial_deg=-60.0 if epicardial_deg is None else epicardial_deg,
    )
    folded = int((heart.mesh.volumes_mm3 <= 0.0).sum())
    if folded:
        raise InputError(
            f"with these sizes the walls would fold ({folded} inverted tetrahedra): check volumes, length and "
            "thickness of the walls, or give fewer of them"
        )
    return with_veins(replace(heart, findings=(*heart.findings, *findings)))


def _of_file(
    file: Path,
    *,
    unit: Any,
    axes: Any,
    fibre_file: Path | None,
    fibres: str | None,
    endocardial_deg: float | None,
    epicardial_deg: float | None,
) -> tuple[Heart, dict[str, Any]]:
    """Return the heart of a mesh file, with what the file is."""
    from resynchro.formats.heart_mesh_file import read_heart_mesh
    from resynchro.heart.heart_of_mesh import heart_of_mesh
    from resynchro.heart.mesh import SURFACES

    if fibres == "rule" and fibre_file is not None:
        raise InputError("--fibre-file gives fibres, --fibres rule passes over them: leave one of them out")
    read = read_heart_mesh(
        file,
        unit=unit,
        axes=None if axes == "unknown" else axes,
        fibre_file=fibre_file,
        with_fibres=fibres != "rule",
    )
    if fibres == "file" and read.fibre is None:
        raise InputError(f"{file}: holds no fibres; name their file with --fibre-file, or leave out --fibres file")
    tissue = read.cell_arrays.get("tissue")
    named = {name: read.surfaces[name] for name in SURFACES if name in read.surfaces}
    try:
        heart = heart_of_mesh(
            read.points_mm,
            read.tetrahedra,
            surfaces=named if len(named) >= len(SURFACES) - 1 else None,
            fibre=read.fibre,
            tissue=tissue,
            axes="unknown" if axes == "unknown" else "lps",
            endocardial_deg=60.0 if endocardial_deg is None else endocardial_deg,
            epicardial_deg=-60.0 if epicardial_deg is None else epicardial_deg,
            findings=read.findings,
        )
    except ResynchroError as error:
        raise InputError(f"{file}: {error}") from error
    return heart, {
        "file": read.file,
        "format": read.format,
        "sha256": read.sha256,
        "fibre_source": "rule" if read.fibre is None else read.fibre_array or "file",
    }


def _checked_ending(out: Path) -> None:
    if out.suffix.lower() not in (".vtu", ".vtp", ".stl", ".pts", ".elem", ".lon"):
        raise InputError(f"{out}: what form to write is told by the ending; allowed are {_ENDINGS}")
    if out.is_dir():
        raise InputError(f"{out}: is a folder; name a file")


def _written(heart: Heart, out: Path) -> tuple[Path, ...]:
    """Write the heart in the form that the ending names."""
    from resynchro.formats.heart_export import write_carp, write_stl, write_vtp, write_vtu
    from resynchro.heart.heart_arrays import element_arrays, node_arrays, surface_arrays

    mesh = heart.mesh
    ending = out.suffix.lower()
    if ending == ".vtu":
        return (write_vtu(out, mesh.points_mm, mesh.tetrahedra, node_arrays(heart), element_arrays(heart)),)
    triangles, surface = surface_arrays(heart)
    if ending == ".vtp":
        return (
            write_vtp(
                out,
                mesh.points_mm,
                triangles=triangles,
                point_arrays=node_arrays(heart),
                cell_arrays={"surface": surface},
            ),
        )
    if ending == ".stl":
        return (write_stl(out, mesh.points_mm, triangles),)
    return write_carp(
        out.with_suffix(""),
        mesh.points_mm,
        mesh.tetrahedra,
        fibre=heart.fibre,
        sheet=heart.sheet_normal,
        region=heart.segment,
    )


def _report(
    heart: Heart,
    name: str,
    said: dict[str, Any],
    as_json: bool,
    picture: Path | None,
    out: Path | None,
) -> None:
    """Say what the heart is; only then write and draw it where wanted."""
    from resynchro.heart.heart_summary import heart_summary

    summary = {"heart": name} | said | heart_summary(heart)
    summary["written"] = [] if out is None else [str(path) for path in _written(heart, out)]
    if picture is not None:
        from resynchro.pictures.figure_files import write_figures
        from resynchro.pictures.heart_geometry import heart_geometry_figure

        figure = heart_geometry_figure(heart, title=f"Heart: {Path(name).name}", caption=_caption(summary))
        stem = Path(name).stem
        write_figures([("heart", f"Heart {name}", figure)], picture, stem=stem, sha256=said.get("sha256", ""),
                      otherwise="heart")  # fmt: skip
    if as_json:
        print(json.dumps(summary, allow_nan=False, ensure_ascii=False))
    else:
        _print(summary)


def _caption(summary: dict[str, Any]) -> str:
    mesh = summary["mesh"]
    return (
        f"LV {summary['lv_cavity_ml']:.0f} mL, {summary['lv_mass_g']:.0f} g, {summary['lv_length_mm']:.0f} mm long; "
        f"RV {summary['rv_cavity_ml']:.0f} mL, {summary['rv_mass_g']:.0f} g. {mesh['tetrahedra']} tetrahedra, mean "
        f"edge {mesh['edge_mm']['mean']:.1f} mm."
    )


def _print(summary: dict[str, Any]) -> None:
    from rich.table import Table

    console = table_console()
    table = Table(title=f"Heart: {summary['heart']}", show_header=False, caption="research use, not a medical device")
    table.add_column("what")
    table.add_column("value")
    for row in _rows(summary):
        table.add_row(*row)
    console.print(table)
    segments = Table(title="Segments")
    for heading in ("segment", "muscle\nmL", "wall\nmm"):
        segments.add_column(heading, justify="left" if heading == "segment" else "right")
    for entry in summary["segments"]:
        segments.add_row(
            f"{entry['segment']} {entry['name']}", shown(entry["volume_ml"], ".1f"), shown(entry["wall_mm"], ".1f")
        )
    console.print(segments)
    print_notes(console, (finding["message"] for finding in summary["findings"]))
    print_notes(console, (f"written: {path}" for path in summary["written"]))


def _rows(summary: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the lines of the table: what and value."""
    walls, mesh, fibres, tissue = (summary[name] for name in ("walls_mm", "mesh", "fibres", "tissue"))
    edge, quality = mesh["edge_mm"], mesh["quality"]
    rows = [
        ("shape from", summary["geometry_source"]),
        ("cavities to the base", f"LV {summary['lv_cavity_ml']:.1f} mL, RV {summary['rv_cavity_ml']:.1f} mL"),
        (
            "muscle (1.05 g/mL)",
            f"LV with septum {summary['lv_mass_g']:.0f} g (septum {summary['septal_share_pct']:.0f} %), "
            f"RV free wall {summary['rv_mass_g']:.0f} g",
        ),
        ("LV length", f"{summary['lv_length_mm']:.1f} mm"),
        ("walls, basal and mid", ", ".join(f"{name} {shown(value, '.1f')} mm" for name, value in walls.items())),
        ("long axis (left, back, head)", ", ".join(f"{value:.2f}" for value in summary["position"]["long_axis"])),
        ("mesh", f"{mesh['nodes']} nodes, {mesh['tetrahedra']} tetrahedra"),
        (
            "edges",
            f"mean {edge['mean']:.2f} mm, {edge['shortest']:.2f} to {edge['longest']:.2f} mm",
        ),
        (
            "quality (1 regular, 0 flat)",
            f"median {quality['median']:.2f}, worst {quality['worst']:.3f}, {quality['poor']} poor, "
            f"{mesh['inverted']} inverted",
        ),
        (
            "fibres, LV free wall",
            f"helix {shown(fibres['inner_helix_deg'], '+.0f')}° inside, {shown(fibres['outer_helix_deg'], '+.0f')}° "
            f"outside; {shown(fibres['steep_neighbours_pct'], '.2f')} % of neighbours turn by more than 60°",
        ),
        ("scar", f"core {tissue['core_pct']:.1f} %, border zone {tissue['border_pct']:.1f} % of the LV"),
    ]
    if "format" in summary:
        rows.insert(0, ("file", f"{summary['format']}, fibres: {summary['fibre_source']}"))
    if summary["veins"]:
        source = summary["veins"][0]["source"]
        rows.append((f"veins ({source})", ", ".join(branch["branch"] for branch in summary["veins"])))
    return rows
