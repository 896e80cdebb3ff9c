"""Which definition of left bundle branch block statements rest on."""

from resynchro.ecg.conduction_verdict import DefinitionVerdict
from resynchro.selection.lbbb_definition import choose_lbbb, lbbb_answers


def definition(key: str, title: str, best_estimate: str) -> DefinitionVerdict:
    return DefinitionVerdict(
        key=key,
        title=title,
        source="",
        provenance="secondary",
        outcome="borderline",
        best_estimate=best_estimate,
        criteria=(),
    )


def test_answers_are_taken_at_the_measured_values() -> None:
    answers = lbbb_answers(
        [
            definition("lbbb_esc_2013", "LBBB, ESC 2013 (as REVERSE)", "met"),
            definition("lbbb_strauss_2011", "LBBB, Strauss 2011, any two leads", "not met"),
            definition("lbbb_madit_crt", "LBBB, MADIT-CRT", "not assessable"),
            definition("rbbb_aha_2009", "RBBB, AHA/ACCF/HRS 2009", "met"),
        ]
    )
    assert answers == {
        "ESC 2013 (as REVERSE)": True,
        "Strauss 2011, any two leads": False,
        "MADIT-CRT": None,
    }


def test_esc_2013_comes_first_and_an_open_answer_is_passed_over() -> None:
    assert choose_lbbb({"Strauss 2011": False, "ESC 2013": True}) == (True, "ESC 2013")
    assert choose_lbbb({"lbbb_strauss_2011": False, "lbbb_esc_2013": None}) == (False, "lbbb_strauss_2011")
    assert choose_lbbb({"own reading": True}) == (True, "own reading")


def test_the_label_only_helps_out() -> None:
    assert choose_lbbb({}, morphology="lbbb") == (True, "the morphology label")
    assert choose_lbbb({"ESC 2013": False}, morphology="lbbb") == (False, "ESC 2013")
    assert choose_lbbb({"ESC 2013": None}, morphology="paced") == (None, None)
