"""The heart as a conductor: one travel-time mesh, a medium for each state of its networks, fields solved once each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from resynchro.electrics.activation_weights import ActivationWeights, activation_weights
from resynchro.electrics.conduction import Conduction, Root
from resynchro.electrics.electrical_parameters import ElectricalParameters
from resynchro.electrics.electrodes import Electrodes
from resynchro.electrics.fast_endocardium import FastEndocardium, fast_endocardium, wall_thickness_mm
from resynchro.electrics.lead_field import (
    independent_lead_weights,
    intracellular_stiffness,
    unbounded_lead_field_kohm,
)
from resynchro.electrics.sites import Site, SiteFinder
from resynchro.electrics.tissue_conductivity import Conductivities
from resynchro.electrics.torso import Torso, heart_centre_mm, template_torso
from resynchro.electrics.torso_lead_field import torso_lead_field
from resynchro.electrics.torso_mesh import torso_mesh
from resynchro.electrics.travel_times import Medium, SourceBall, medium, solve_each, source_ball, source_nodes
from resynchro.errors import InputError
from resynchro.heart.heart import BORDER_ZONE, SCAR_CORE, SEPTUM, Heart
from resynchro.heart.mesh import FloatArray

FieldArray = NDArray[np.float32]
#: What surrounds the heart in the computation of the ECG.
Conductor = Literal["torso", "unbounded"]


class NetworkState(NamedTuple):
    """What makes a medium of its own: which networks conduct, and factors on all velocities."""

    lv_layer: bool = True
    rv_layer: bool = True
    layer_factor: float = 1.0
    muscle_factor: float = 1.0


class Source(NamedTuple):
    """Where a front starts: a node of the heart, in muscle or in the network over it, or a point of muscle beside."""

    node: int
    layer: Literal["muscle", "network"] = "muscle"
    point_mm: tuple[float, float, float] | None = None


def source_of(site: Site) -> Source:
    """Return the source of a stimulus at a site."""
    x, y, z = (float(value) for value in site.position_mm)
    return Source(site.node, "muscle", (x, y, z))


@dataclass(slots=True)
class _Library:
    """Pre-solved fields of one medium: `row` of each source in `fields`, shape (capacity, nodes)."""

    row: dict[Source, int]
    fields: FieldArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ElectricalHeart:
    """A heart ready to be paced.

    Attributes
    ----------
    heart
        Geometry, fibres, tissue.
    parameters
        Velocities and delays.
    endocardium
        Travel-time mesh with the fast sheets.
    electrodes
        Nine electrodes in the heart's axes.
    weights_mv
        Node weights of I, II, V1 to V6, shape (8, n), a view of a contiguous (n, 8) array [mV].
    activation
        Volumes and areas for derived numbers.
    finder
        Finds sites by name.
    """

    heart: Heart
    parameters: ElectricalParameters
    endocardium: FastEndocardium
    electrodes: Electrodes
    weights_mv: FloatArray
    activation: ActivationWeights
    finder: SiteFinder
    _sites: dict[str, Site] = field(default_factory=dict, repr=False)
    _roots: dict[Root, Source] = field(default_factory=dict, repr=False)
    _media: dict[NetworkState, Medium] = field(default_factory=dict, repr=False)
    _libraries: dict[NetworkState, _Library] = field(default_factory=dict, repr=False)

    @property
    def node_count(self) -> int:
        """Number of nodes of the heart."""
        return self.endocardium.node_count

    def site(self, name: str) -> Site:
        """Return a named site, see `resynchro.electrics.sites.site`."""
        if name not in self._sites:
            self._sites[name] = self.finder.site(name)
        return self._sites[name]

    def root_source(self, root: Root) -> Source:
        """Return where an early site of the conduction system lies: the nearest place of the network that conducts.

        Raises
        ------
        InputError
            When scar covers the whole surface it may lie on.
        """
        if root in self._roots:
            return self._roots[root]
        surface = {
            "lv endocardium": self.finder.lv_endocardium(),
            "rv septum": self.finder.septal_side("rv endocardium"),
            "rv free wall": self.finder.free_rv_endocardium(),
        }[root.surface]
        covered = surface[(self.endocardium.layer_node[surface] >= 0) & ~self.finder.excluded[surface]]
        if not covered.size:
            raise InputError(f"scar covers the whole {root.surface}: the early site {root.name} has no place")
        self._roots[root] = Source(self.finder.nearest(covered, root.depth, root.rotation_deg), "network")
        return self._roots[root]

    def medium(self, state: NetworkState) -> Medium:
        """Return the medium of a state of the networks, made once."""
        if state not in self._media:
            self._media[state] = _medium_of(self.heart, self.endocardium, self.parameters, state)
        return self._media[state]

    def ball(self, state: NetworkState, source: Source) -> SourceBall:
        """Return how a source starts in the medium of a state.

        Raises
        ------
        MeasurementError
            When nothing that conducts touches it.
        """
        made = self.medium(state)
        if source.layer == "network":
            return source_ball(made.mesh, made, self.travel_node(source))
        thickness_mm = wall_thickness_mm(self.heart, source.node)
        ball = source_ball(
            made.mesh, made, source.node, wall_thickness_mm=thickness_mm if np.isfinite(thickness_mm) else None
        )
        return ball if source.point_mm is None else _moved_to_point(ball, made, np.array(source.point_mm))

    def travel_node(self, source: Source) -> int:
        """Return the node of the travel-time mesh where a source starts."""
        if source.layer == "muscle":
            return source.node
        covered = int(self.endocardium.layer_node[source.node])
        if covered < 0:
            raise InputError(f"no fast endocardium over node {source.node}: the network does not reach the base")
        return covered

    def rows(self, state: NetworkState, sources: Sequence[Source]) -> tuple[FieldArray, NDArray[np.int64]]:
        """Return the library of a state and the rows of sources in it; what is missing is solved in one go.

        Returns
        -------
        tuple
            Fields released at 0, shape (capacity, nodes of the travel-time mesh), float32 [ms]; and the row of each
            source.
        """
        library = self._libraries.setdefault(
            state, _Library({}, np.empty((0, self.endocardium.mesh.node_count), np.float32))
        )
        missing = list(dict.fromkeys(source for source in sources if source not in library.row))
        if missing:
            solved = solve_each(self.medium(state), [self.ball(state, source) for source in missing])
            used = len(library.row)
            if used + len(missing) > len(library.fields):
                grown = np.empty((2 * (used + len(missing)), library.fields.shape[1]), np.float32)
                grown[:used] = library.fields[:used]
                library.fields = grown
            library.fields[used : used + len(missing)] = solved
            library.row.update({source: used + k for k, source in enumerate(missing)})
        return library.fields, np.array([library.row[source] for source in sources], dtype=np.int64)


def electrical_heart(
    heart: Heart,
    *,
    parameters: ElectricalParameters | None = None,
    conductor: Conductor = "torso",
    torso: Torso | None = None,
    electrodes: Electrodes | None = None,
    conductivities: Conductivities | None = None,
    weights_mv: FloatArray | None = None,
) -> ElectricalHeart:
    """Prepare a heart for pacing.

    Parameters
    ----------
    heart
        Any heart.
    parameters
        Velocities and delays; None takes the defaults.
    conductor
        ``torso``: a homogeneous body bounded by its skin (about two seconds of preparation); ``unbounded``: a body
        without end, in which limb leads come out four to five times and chest leads two times smaller.
    torso
        Around the heart, in the heart's axes; None takes the template torso.
    electrodes
        In the heart's axes; None takes the standard places on the torso.
    conductivities
        For the lead field; None takes the defaults.
    weights_mv
        Node weights of I, II, V1 to V6, shape (8, n) [mV], from another lead field.

    Returns
    -------
    ElectricalHeart
        Nothing is solved yet; each field is solved when first needed.

    Raises
    ------
    InputError
        When scar covers everything, or electrodes lie in the heart.
    """
    parameters = ElectricalParameters() if parameters is None else parameters
    conducting = heart.tissue != SCAR_CORE
    finder = SiteFinder(heart)
    torso = template_torso(heart_centre_mm(heart.mesh)) if torso is None else torso
    electrodes = torso.electrodes() if electrodes is None else electrodes
    if weights_mv is None:
        made = Conductivities() if conductivities is None else conductivities
        stiffness = intracellular_stiffness(heart.mesh, heart.fibre, conductivities=made, conducting=conducting)
        if conductor == "torso":
            bounded = torso_lead_field(torso_mesh(torso), electrodes, body_s_per_m=made.body_s_per_m)
            lead_field = bounded.at(heart.mesh.points_mm)
        else:
            lead_field = unbounded_lead_field_kohm(heart.mesh.points_mm, electrodes, body_s_per_m=made.body_s_per_m)
        weights_mv = independent_lead_weights(stiffness.node_weights_mv(lead_field))
    elif weights_mv.shape != (8, len(heart.mesh.points_mm)):
        raise InputError(f"lead weights must have shape (8, {len(heart.mesh.points_mm)}), got {weights_mv.shape}")
    return ElectricalHeart(
        heart=heart,
        parameters=parameters,
        endocardium=fast_endocardium(heart, basal_gap_mm=parameters.basal_gap_mm),
        electrodes=electrodes,
        weights_mv=np.ascontiguousarray(weights_mv.T).T,
        activation=activation_weights(heart),
        finder=finder,
    )


@lru_cache(maxsize=64)
def network_state(conduction: Conduction, *, lv_recruited: bool = False, rv_recruited: bool = False) -> NetworkState:
    """Return the state of the networks in a rhythm, with those that a lead on the conduction system recruits."""
    return NetworkState(
        lv_layer=conduction.lv_layer or lv_recruited,
        rv_layer=conduction.rv_layer or rv_recruited,
        layer_factor=conduction.layer_factor,
        muscle_factor=conduction.muscle_factor,
    )


def _moved_to_point(ball: SourceBall, made: Medium, point_mm: FloatArray) -> SourceBall:
    """Return the ball with the times from a point beside its first node, through the elements of the lines from it."""
    way = made.mesh.points_mm[ball.nodes] - point_mm
    if not np.any(way[0]):
        return ball
    along = np.einsum("bi,bqi->bq", way, made.fibre[ball.elements]) ** 2
    across = np.einsum("bi,bi->b", way, way)[:, None] - along
    squares = along / made.v_fibre_m_per_s[ball.elements] ** 2 + across / made.v_transverse_m_per_s[ball.elements] ** 2
    # The elements lie at Gauss points; the weights are those of five points on (0, 1).
    weights = 0.5 * np.polynomial.legendre.leggauss(ball.elements.shape[1])[1]
    return source_nodes(made.mesh, ball.nodes, np.sqrt(np.maximum(squares, 0.0)) @ weights)


def _medium_of(
    heart: Heart, endocardium: FastEndocardium, parameters: ElectricalParameters, state: NetworkState
) -> Medium:
    slowed = np.where(heart.tissue == BORDER_ZONE, parameters.border_zone_factor, 1.0)
    muscle = slowed * state.muscle_factor * np.where(heart.wall == SEPTUM, parameters.septal_velocity_factor, 1.0)
    conducting = heart.tissue != SCAR_CORE
    under = endocardium.triangle_element
    left = parameters.v_lv_layer_m_per_s if state.lv_layer else 0.0
    right = parameters.v_rv_layer_m_per_s if state.rv_layer else 0.0
    layer = np.where(endocardium.in_rv, right, left) * state.layer_factor * slowed[under] * conducting[under]
    back = np.where(
        endocardium.junction_in_rv, parameters.rv_junction_retrograde_ms, parameters.lv_junction_retrograde_ms
    )
    return medium(
        endocardium.mesh,
        fibre=heart.fibre,
        v_fibre_m_per_s=parameters.v_fibre_m_per_s * muscle,
        v_transverse_m_per_s=parameters.v_transverse_m_per_s * muscle,
        conducting=conducting,
        v_triangle_m_per_s=layer,
        cable_ms=np.concatenate([np.full(endocardium.junctions, parameters.junction_antegrade_ms), back]),
    )
