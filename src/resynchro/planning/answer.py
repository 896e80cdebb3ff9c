"""One of the five questions of a plan, with its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

QuestionKey = Literal["candidate", "target", "programming", "response", "evidence"]
AnswerState = Literal["answered", "partly answered", "not answered"]

QUESTIONS: dict[QuestionKey, str] = {
    "candidate": "Is the patient a candidate?",
    "target": "Where should the left-ventricular lead go?",
    "programming": "How should the device be programmed?",
    "response": "Did it work, and if not, why?",
    "evidence": "What is the evidence?",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to one question.

    Attributes
    ----------
    key
        Which question.
    state
        Whether the case allowed an answer.
    headline
        The answer in one sentence.
    points
        What it rests on, sentence by sentence.
    missing
        What was not known and what to add to the case, sentence by sentence.
    """

    key: QuestionKey
    state: AnswerState
    headline: str
    points: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def question(self) -> str:
        """The question in words."""
        return QUESTIONS[self.key]
