"""From the unknowns of a twin to the QRS it makes, with the exact derivative of every sample by every unknown.

One travel-time computation, one sweep for all its derivatives, one QRS of 35 leads: the eight independent leads and
their changes with the three coordinates of nine electrodes, of which pose, body size and electrode offsets are sums.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from resynchro.electrics.body_surface_ecg import qrs_mv, qrs_tangent
from resynchro.electrics.eikonal_medium import Medium, with_velocities
from resynchro.electrics.electrodes import Electrodes, independent_lead_matrix
from resynchro.electrics.equivalent_electrodes import EquivalentElectrodes
from resynchro.electrics.fit_parameters import (
    FloatArray,
    Parameter,
    amplitude_parameters,
    electrode_parameters,
    pose_parameters,
    size_parameters,
    velocity_parameters,
)
from resynchro.electrics.fit_roots import FitHypothesis, RootPrior, root_parameters
from resynchro.electrics.heart_of_fit import HeartOfFit
from resynchro.electrics.heart_pose import HeartPose, pose_derivatives
from resynchro.electrics.lead_field import (
    unbounded_lead_field_kohm,
    weight_derivatives,
)
from resynchro.electrics.movable_root import RootPlace, RootTimes, root_times
from resynchro.electrics.source_ball import SourceBall
from resynchro.electrics.travel_times import Directions, TravelTimes, solve, tangent

_VELOCITIES = ("v_fibre", "v_transverse", "septal_velocity", "v_lv_layer", "v_rv_layer")
_SPACE = ("shift", "turn", "body_size", "limb", "strip_along", "strip_up")
_N_GROUPS = 2  # free walls, septum


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What the model makes of one set of scores.

    Attributes
    ----------
    qrs_mv
        I, II, V1 to V6, shape (8, k) [mV].
    times_ms
        Activation of every node against the measured QRS onset, shape (n,) [ms]; inf where never.
    by_score
        Derivative of the QRS by each score, shape (p, 8, k) [mV]; None when not asked for.
    """

    qrs_mv: FloatArray
    times_ms: FloatArray
    by_score: FloatArray | None


class FitModel:
    """The twin as a function of scores, for one heart, one hypothesis and one set of electrodes.

    Parameters
    ----------
    heart
        Prepared once, shared by hypotheses.
    hypothesis
        Roots and priors.
    electrodes
        Those of the body, in the axes of the heart's mesh.
    start_ms, end_ms
        Window of the QRS, whole milliseconds from the measured onset.
    heart_known, body_known
        Geometry of the heart, size of the body are the patient's.
    """

    def __init__(
        self,
        heart: HeartOfFit,
        hypothesis: FitHypothesis,
        electrodes: EquivalentElectrodes,
        *,
        start_ms: float,
        end_ms: float,
        heart_known: bool = False,
        body_known: bool = False,
    ) -> None:
        self.heart, self.hypothesis, self.electrodes = heart, hypothesis, electrodes.electrodes
        self._leads = independent_lead_matrix() * electrodes.gains
        self.start_ms, self.end_ms = start_ms, end_ms
        self.parameters: tuple[Parameter, ...] = (
            *velocity_parameters(v_lv_layer=hypothesis.v_lv_layer, v_rv_layer=hypothesis.v_rv_layer),
            *root_parameters(hypothesis),
            *size_parameters(heart_known=heart_known),
            *pose_parameters(),
            *electrode_parameters(body_known=body_known),
            *amplitude_parameters(),
        )
        self._rows: dict[tuple[str, int], int] = {(p.acts, p.index): k for k, p in enumerate(self.parameters)}
        self._starts_mm = [self._start(root) for root in hypothesis.roots]
        self._strip = _strip_directions(self.electrodes, heart.centre_mm)

    def values(self, scores: FloatArray) -> FloatArray:
        """Return the values in their units, shape (p,)."""
        return np.array([p.value(s) for p, s in zip(self.parameters, scores, strict=True)])

    def value(self, acts: str, scores: FloatArray, index: int = 0, *, default: float = 0.0) -> float:
        """Return one value by what it acts on, or the default where the model has none."""
        row = self._rows.get((acts, index))
        return default if row is None else float(self.parameters[row].value(scores[row]))

    def has(self, acts: str, index: int = 0) -> bool:
        """Tell whether the model has such a parameter."""
        return (acts, index) in self._rows

    def row(self, acts: str, index: int = 0) -> int:
        """Return where a parameter stands in the scores."""
        return self._rows[acts, index]

    def activation(self, scores: FloatArray, *, keep_tree: bool = False) -> TravelTimes:
        """Compute the activation, in ms against the measured QRS onset."""
        return self._activation(scores, keep_tree)[0]

    def electrodes_in_body(self, scores: FloatArray) -> Electrodes:
        """Return the electrodes with body size and offsets, in body axes.

        A larger heart sees what a heart of the mesh's size sees in a smaller body.
        """
        size = self.value("body_size", scores) / self.value("heart_size", scores, default=1.0)
        moved = self.heart.centre_mm + size * (self.electrodes.positions_mm - self.heart.centre_mm)
        for k in range(9):
            moved[k // 3, k % 3] += self.value("limb", scores, k)
        for k in range(6):
            moved[3 + k] += self._strip[k, 0] * self.value("strip_along", scores, k)
            moved[3 + k] += self._strip[k, 1] * self.value("strip_up", scores, k)
        return Electrodes(positions_mm=moved)

    def pose(self, scores: FloatArray) -> HeartPose:
        """Return how the heart lies."""
        return HeartPose(
            shift_mm=np.array([self.value("shift", scores, k) for k in range(3)]),
            turn_rad=np.array([self.value("turn", scores, k) for k in range(3)]),
            centre_mm=self.heart.centre_mm,
        )

    def electrode_weights_mv(self, scores: FloatArray) -> FloatArray:
        """Return node weights of the nine electrodes without amplitude, shape (9, n) [mV]."""
        seen = self.pose(scores).electrodes_seen_from_heart(self.electrodes_in_body(scores))
        field = unbounded_lead_field_kohm(self.heart.heart.mesh.points_mm, seen)
        return self.heart.stiffness.node_weights_mv(field)

    def leads_mv(self, scores: FloatArray) -> FloatArray:
        """Return node weights of I, II, V1 to V6 with their amplitude, shape (8, n) [mV]."""
        return self.lead_scale(scores)[:, None] * (self._leads @ self.electrode_weights_mv(scores))

    def lead_scale(self, scores: FloatArray) -> FloatArray:
        """Return the amplitude factor of I, II, V1 to V6, shape (8,)."""
        scale = np.full(8, self.value("amplitude", scores))
        scale[2:] *= self.value("chest_amplitude", scores)
        return scale

    def predict(self, scores: FloatArray, *, derivatives: bool = True) -> Prediction:
        """Compute the QRS and, if wanted, its derivative by every score.

        Parameters
        ----------
        scores
            Shape (p,), in the order of `parameters`.
        derivatives
            Compute them too; takes about twice as long.
        """
        window = {"start_ms": self.start_ms, "end_ms": self.end_ms}
        travel, starts, places, times_of_roots = self._activation(scores, derivatives)
        weights = self.electrode_weights_mv(scores)
        leads = self._leads
        scale = self.lead_scale(scores)
        if not derivatives:
            signal = qrs_mv(travel.times_ms, leads @ weights, **window)
            return Prediction(qrs_mv=scale[:, None] * signal, times_ms=travel.times_ms, by_score=None)
        seen = self.pose(scores).electrodes_seen_from_heart(self.electrodes_in_body(scores))
        moved = weight_derivatives(self.heart.stiffness, self.heart.heart.mesh.points_mm, seen)
        lead_weights = leads @ weights
        together = qrs_mv(travel.times_ms, np.concatenate([lead_weights, moved.reshape(27, -1)]), **window)
        signal, by_electrode = together[:8], together[8:].reshape(9, 3, -1)
        by_score = np.zeros((len(self.parameters), *signal.shape))
        self._fill_times(by_score, travel, starts, places, times_of_roots, lead_weights)
        self._fill_space(by_score, scores, by_electrode, leads)
        by_score *= scale[None, :, None]
        qrs = scale[:, None] * signal
        by_score[self._rows["amplitude", 0]] = qrs
        by_score[self._rows["chest_amplitude", 0], 2:] = qrs[2:]
        for k, parameter in enumerate(self.parameters):
            by_score[k] *= parameter.sd
        return Prediction(qrs_mv=qrs, times_ms=travel.times_ms, by_score=by_score)

    def medium_of(self, scores: FloatArray) -> Medium:
        """Return the medium with the velocities of these scores."""
        heart = self.heart
        size = self.value("heart_size", scores, default=1.0)
        factor = heart.slowing * np.where(heart.group == 1, self.value("septal_velocity", scores), 1.0) / size
        layers = np.array([self.value("v_lv_layer", scores), self.value("v_rv_layer", scores)]) / size
        return with_velocities(
            heart.medium,
            v_fibre_m_per_s=self.value("v_fibre", scores) * factor,
            v_transverse_m_per_s=self.value("v_transverse", scores) * factor,
            v_triangle_m_per_s=layers[heart.layer],
        )

    def release_ms(self, root: int, scores: FloatArray) -> float:
        """Return the release of a root against the measured QRS onset [ms]."""
        prior = self.hypothesis.roots[root]
        release = self.value("onset", scores) + self.value("release", scores, root, default=prior.release_ms)
        return release + (self.value("lv_delay", scores) if prior.ventricle == "lv" else 0.0)

    def place(self, root: int, scores: FloatArray) -> RootPlace:
        """Return where a root lies."""
        offset = np.array([self.value("place_along", scores, root), self.value("place_around", scores, root)])
        surface = self.heart.surface(self.hypothesis.roots[root].surface)
        found = surface.place(self._starts_mm[root], offset)
        if self.heart.alive[found.node]:
            return found
        return replace(found, node=surface.nearest_alive(found.node, self.heart.alive))

    def _start(self, root: RootPrior) -> FloatArray:
        """Return the middle of the prior of a root, in tissue that conducts."""
        surface = self.heart.surface(root.surface)
        place = surface.place(surface.point_at(root.depth, root.rotation_deg), np.zeros(2))
        if self.heart.alive[place.node]:
            return place.position_mm
        return np.asarray(self.heart.heart.mesh.points_mm[surface.nearest_alive(place.node, self.heart.alive)])

    def _v_layer(self, ventricle: str, scores: FloatArray) -> float:
        """Return the velocity of a layer on the mesh, whose size is not that of the heart [m/s]."""
        return self.value(f"v_{ventricle}_layer", scores) / self.value("heart_size", scores, default=1.0)

    def _activation(
        self, scores: FloatArray, keep_tree: bool
    ) -> tuple[TravelTimes, list[int], list[RootPlace], list[RootTimes]]:
        given = self.medium_of(scores)
        sources: list[tuple[SourceBall, float]] = []
        starts, places, found = [0], [], []
        for k in range(len(self.hypothesis.roots)):
            of_root, place, around = self.sources(k, given, scores)
            sources += of_root
            starts.append(len(sources))
            places.append(place)
            found.append(around)
        return solve(given, sources, keep_tree=keep_tree), starts, places, found

    def sources(
        self, root: int, given: Medium, scores: FloatArray
    ) -> tuple[list[tuple[SourceBall, float]], RootPlace, RootTimes]:
        """Return the nodes around a root as sources with their times, where the root lies, and how the times change."""
        prior, place = self.hypothesis.roots[root], self.place(root, scores)
        around = root_times(
            given,
            place,
            group=self.heart.group,
            n_groups=_N_GROUPS,
            layer_nodes=self.heart.layer_nodes[prior.ventricle],
            v_layer_m_per_s=self._v_layer(prior.ventricle, scores) if prior.in_layer else 0.0,
            balls=self.heart.balls,
        )
        release = self.release_ms(root, scores)
        nodes = zip(around.nodes, around.times_ms, strict=True)
        return [(self.heart.source(int(node)), release + float(time)) for node, time in nodes], place, around

    def _fill_times(
        self,
        by_score: FloatArray,
        travel: TravelTimes,
        starts: list[int],
        places: list[RootPlace],
        found: list[RootTimes],
        lead_weights: FloatArray,
    ) -> None:
        """Fill in the derivatives by everything that acts through the activation times."""
        rows = [k for k, p in enumerate(self.parameters) if p.acts not in _SPACE and "amplitude" not in p.acts]
        at = {(self.parameters[k].acts, self.parameters[k].index): i for i, k in enumerate(rows)}
        fibre, transverse = np.zeros((len(rows), _N_GROUPS)), np.zeros((len(rows), _N_GROUPS))
        layer, release = np.zeros((len(rows), 2)), np.zeros((len(rows), starts[-1]))
        fibre[at["v_fibre", 0]] = transverse[at["v_transverse", 0]] = 1.0
        fibre[at["septal_velocity", 0], 1] = transverse[at["septal_velocity", 0], 1] = 1.0
        layer[at["v_lv_layer", 0], 0] = layer[at["v_rv_layer", 0], 1] = 1.0
        if ("heart_size", 0) in at:
            # A larger heart is a slower one for the times, and a smaller body for the electrodes (`_fill_space`).
            row = at["heart_size", 0]
            fibre[row], transverse[row], layer[row] = -1.0, -1.0, -1.0
        release[at["onset", 0]] = 1.0
        for k, root in enumerate(self.hypothesis.roots):
            of_root, around = slice(starts[k], starts[k + 1]), found[k]
            release[:, of_root] += fibre @ around.by_log_v_fibre.T + transverse @ around.by_log_v_transverse.T
            if root.in_layer:
                column = 0 if root.ventricle == "lv" else 1
                release[:, of_root] += np.outer(layer[:, column], around.by_log_v_layer)
            if root.ventricle == "lv" and ("lv_delay", 0) in at:
                release[at["lv_delay", 0], of_root] = 1.0
            if ("release", k) in at:
                release[at["release", k], of_root] = 1.0
            by_offset = places[k].by_offset @ around.by_position.T
            release[at["place_along", k], of_root] = by_offset[0]
            release[at["place_around", k], of_root] = by_offset[1]
        changes = tangent(
            travel,
            Directions(
                log_v_fibre=fibre,
                log_v_transverse=transverse,
                group=self.heart.group,
                log_v_triangle=layer,
                triangle_group=self.heart.layer,
                release_ms=release,
            ),
        )
        by_score[rows] = qrs_tangent(travel.times_ms, lead_weights, changes, start_ms=self.start_ms, end_ms=self.end_ms)

    def _fill_space(
        self,
        by_score: FloatArray,
        scores: FloatArray,
        by_electrode: FloatArray,
        leads: FloatArray,
    ) -> None:
        """Fill in the derivatives by pose, body and electrodes from those by the electrodes seen from the heart."""
        electrodes, pose = self.electrodes_in_body(scores), self.pose(scores)
        by_pose = pose_derivatives(by_electrode, electrodes, pose)
        for k in range(3):
            by_score[self._rows["shift", k]] = leads @ by_pose[k]
            by_score[self._rows["turn", k]] = leads @ by_pose[3 + k]
        # An electrode that moves by d in the body moves by R^T d seen from the heart.
        in_body = np.einsum("ij,ejk->eik", pose.rotation, by_electrode)
        size = self.value("body_size", scores) / self.value("heart_size", scores, default=1.0)
        grown = size * (self.electrodes.positions_mm - self.heart.centre_mm)
        by_size = leads @ np.einsum("ei,eik->ek", grown, in_body)
        by_score[self._rows["body_size", 0]] = by_size
        if ("heart_size", 0) in self._rows:
            by_score[self._rows["heart_size", 0]] -= by_size
        for k in range(9):
            by_score[self._rows["limb", k]] = np.outer(leads[:, k // 3], in_body[k // 3, k % 3])
        for k in range(6):
            along, up = self._strip[k] @ in_body[3 + k]
            by_score[self._rows["strip_along", k]] = np.outer(leads[:, 3 + k], along)
            by_score[self._rows["strip_up", k]] = np.outer(leads[:, 3 + k], up)


def _strip_directions(electrodes: Electrodes, heart_centre_mm: FloatArray) -> FloatArray:
    """Return the directions along the skin at V1 to V6: leftward around the chest and headward, shape (6, 2, 3).

    The skin's normal is taken as horizontal, from the middle of the limb electrodes' plane to the electrode.
    """
    middle = electrodes.positions_mm[:3].mean(axis=0)
    outwards = electrodes.positions_mm[3:] - middle
    outwards[:, 2] = 0.0
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
    up = np.array([0.0, 0.0, 1.0])
    along = np.cross(up, outwards)
    return np.stack([along, np.broadcast_to(up, along.shape)], axis=1)
