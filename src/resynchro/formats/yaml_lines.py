"""YAML with line numbers: plain values of a small, untrusted YAML file and the line of each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

import yaml

from resynchro.errors import InputError
from resynchro.formats.case_problem import Place, shown_key

#: A case folder of a hundred visits has some two thousand values; more is no case folder.
MAX_NODES = 20_000
MAX_DEPTH = 20

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?[0-9]{0,20}\.?[0-9]{0,30}([eE][-+]?[0-9]{1,3})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class YamlError(InputError):
    """The text is not YAML of the allowed kind; carries every line that is wrong."""

    def __init__(self, problems: tuple[tuple[int, str], ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(f"line {line}: {message}" for line, message in problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlDocument:
    """The values of a YAML text and where they stand.

    Attributes
    ----------
    value
        Nested dict, list, str, int, float, bool, date and None.
    lines
        Line of every key and list entry, counted from 1.
    containers
        The places that hold keys or a list.
    """

    value: object
    lines: dict[Place, int]
    containers: frozenset[Place]

    def line(self, place: Place) -> int:
        """Return the line of a place, or of the nearest place around it that is in the file."""
        while place not in self.lines:
            place = place[:-1]
        return self.lines[place]

    def place_in_file(self, place: Place) -> Place:
        """Return a place as it is in the file; a missing key keeps its name.

        In the file a list of one may stand without its brackets, and a group of one key as its value alone.
        """
        shown: Place = ()
        for part in place:
            if (*shown, part) in self.lines or (isinstance(part, str) and shown in self.containers):
                shown = (*shown, part)
            elif isinstance(part, str):
                break
        return shown


def load_yaml_lines(text: str) -> YamlDocument:
    """Read one YAML document with the line of each value.

    Parameters
    ----------
    text
        The whole file.

    Returns
    -------
    YamlDocument
        Scalars follow the unambiguous part of YAML only: what older YAML takes for octal or base-60 numbers
        (``0007``, ``1:30``) stays text.

    Raises
    ------
    YamlError
        For broken YAML, duplicate keys (with both lines), anchors, aliases, tags, and too many or too deeply
        nested values.

    Notes
    -----
    Anchors are refused because a few lines of them can expand to billions of values.
    """
    try:
        _refuse_what_is_not_plain(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        raise YamlError(((line, f"this is not YAML: {error.problem or error.context}"),)) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, int(error.position)) + 1
        raise YamlError(((line, "a character that YAML does not allow: remove it"),)) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # PyYAML lets some conversion errors through, for example of the escape "\UFFFFFFFF".
        raise YamlError(((1, "this is not YAML: an escape or a directive cannot be read"),)) from error
    if root is None:
        raise YamlError(((1, "the file is empty: start from `resynchro new`"),))
    lines: dict[Place, int] = {}
    containers: set[Place] = set()
    flaws: list[tuple[int, str]] = []
    value = _plain_value(root, (), lines, containers, flaws)
    if flaws:
        raise YamlError(tuple(flaws))
    return YamlDocument(value=value, lines=lines, containers=frozenset(containers))


def _refuse_what_is_not_plain(text: str) -> None:
    """Look at the stream before building anything: hostile files cost neither memory nor recursion."""
    nodes = depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = 1 if event.start_mark is None else event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            message = "anchors (&) and aliases (*) are not allowed: write the values out, or the text in quotes"
            raise YamlError(((line, message),))
        if getattr(event, "tag", None) is not None:
            raise YamlError(((line, "tags (!) are not allowed: write the plain value, or the text in quotes"),))
        nodes += isinstance(event, yaml.NodeEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if nodes > MAX_NODES or depth > MAX_DEPTH:
            message = f"more than {MAX_NODES} values or {MAX_DEPTH} levels: this is no case file"
            raise YamlError(((line, message),))


def _plain_value(
    node: yaml.Node,
    place: Place,
    lines: dict[Place, int],
    containers: set[Place],
    flaws: list[tuple[int, str]],
) -> object:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        containers.add(place)
        return [
            _plain_value(child, (*place, index), lines, containers, flaws) for index, child in enumerate(node.value)
        ]
    if isinstance(node, yaml.MappingNode):
        containers.add(place)
        values: dict[str, object] = {}
        for key_node, child in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                flaws.append((line, "a key must be one word"))
                continue
            key = str(key_node.value)
            if key in values:
                first = lines[(*place, key)]
                flaws.append((line, f"{shown_key(key)} stands here and in line {first} already: keep one of them"))
                continue
            lines[(*place, key)] = line
            values[key] = _plain_value(child, (*place, key), lines, containers, flaws)
        return values
    return _plain_scalar(str(node.tag).rpartition(":")[2], str(node.value))


def _plain_scalar(kind: str, text: str) -> object:
    """Convert a scalar by the kind that YAML sees in it; what is ambiguous or impossible stays text."""
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() in ("true", "yes", "on")
    if kind == "int" and _INTEGER.fullmatch(text):
        return int(text)
    if kind == "float" and _DECIMAL.fullmatch(text):
        return float(text)
    if kind == "timestamp" and _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return text
    return text
