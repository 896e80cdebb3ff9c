"""Which definition of left bundle branch block a statement rests on, when they disagree."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from resynchro.ecg.conduction_verdict import DefinitionVerdict
from resynchro.errors import InputError

#: Order of choice when the caller names none. The ESC 2013 wording is that of the trials behind the rules
#: (REVERSE) and its 120 ms limit leaves no band of the rules out of reach; Strauss (130 or 140 ms) and
#: MADIT-CRT (130 ms) would make LBBB at 120 to 129 ms impossible by definition.
PREFERENCE: tuple[str, ...] = ("esc2013", "esc2021", "madit", "strauss", "aha")

_ANSWERS: dict[str, bool] = {"met": True, "not met": False}


def lbbb_answers(definitions: Iterable[DefinitionVerdict]) -> dict[str, bool | None]:
    """Return the answer of every definition of complete LBBB at the measured values, by its title.

    Parameters
    ----------
    definitions
        Every definition applied to one QRS.

    Returns
    -------
    dict
        True, False, or None where not assessable. Definitions of other disturbances are left out.
    """
    return {
        verdict.title.removeprefix("LBBB, "): _ANSWERS.get(verdict.best_estimate)
        for verdict in definitions
        if verdict.key.startswith("lbbb_")
    }


def choose_lbbb(
    lbbb_by_definition: Mapping[str, bool | None],
    definition: str | None = None,
    morphology: str | None = None,
) -> tuple[bool | None, str | None]:
    """Choose the answer that statements about one patient rest on.

    Parameters
    ----------
    lbbb_by_definition
        Answer of each definition by its name; None where not assessable.
    definition
        Name of the definition to use; None takes the first assessable one of `PREFERENCE`, then any other.
    morphology
        Label of the ECG, used only when no definition was assessable.

    Returns
    -------
    (bool or None, str or None)
        Is it LBBB, and by which definition; (None, None) when nothing can be said.

    Raises
    ------
    InputError
        When `definition` is not among the definitions given.
    """
    if definition is not None:
        if definition not in lbbb_by_definition:
            known = ", ".join(lbbb_by_definition) or "none"
            raise InputError(f"definition of LBBB {definition!r} was not assessed; assessed are: {known}")
        return lbbb_by_definition[definition], definition
    answers = {name: answer for name, answer in lbbb_by_definition.items() if answer is not None}
    for wanted in PREFERENCE:
        for name, answer in answers.items():
            if wanted in re.sub(r"[^a-z0-9]", "", name.lower()):
                return answer, name
    if answers:
        name, answer = next(iter(answers.items()))
        return answer, name
    if morphology in (None, "paced"):
        return None, None
    return morphology == "lbbb", "the morphology label"
