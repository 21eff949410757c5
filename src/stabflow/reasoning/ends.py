"""Every case can come to an end, whatever it has come to.

Groups of kinds that cannot be shown to let a case out one by one are searched together before anybody is accused.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..text import Text, say
from .bounds import all_hit
from .composition import Composition
from .inquiry import MAX_TRIES, Inquiry
from .report import Finding, Status

ENDS = Text("every case can come to an end", "每个案件均可办结")


def ends(inquiry: Inquiry) -> Iterator[Finding]:
    """What is found of it."""
    composition = inquiry.composition
    if not composition.complete:  # an end that was not found may lie behind the bound
        return
    culprits = list(composition.culprits())
    for culprit in culprits:
        if culprit.has_no_way:
            text = say(
                "from “{state}” no end can be reached", "自“{state}”起无法办结", state=inquiry.title_at(culprit.place)
            )
            path = composition.path(culprit.place)
            yield inquiry.shown("ends", ENDS, text, path, path_in=f"states.{inquiry.state_at(culprit.place)}")
            return
    if not culprits:
        return
    nearest = dict.fromkeys(culprit.nearest for culprit in culprits)
    together = frozenset[int]().union(*nearest), frozenset[int]().union(*(culprit.groups for culprit in culprits))
    found: Finding | None = None
    everything = frozenset(range(len(inquiry.composition.groups)))
    for groups in dict.fromkeys((*nearest, *together, everything)):
        found = _stuck(inquiry, inquiry.joint(groups))
        if found is None:  # whatever the others have come to: nothing is stuck
            return
        if found.status is Status.FLAWED:
            break
    if found is not None:
        yield found


def _stuck(inquiry: Inquiry, joint: tuple[Composition, int]) -> Finding | None:
    """A case that cannot come to an end, seen by the search of one group; ``None`` where it proves that there is none."""
    composition, group = joint
    graph = composition.graphs[group]
    if not composition.complete:
        return Finding("ends", ENDS, Status.INCOMPLETE, all_hit(composition.hit))
    for index in composition.stuck_nodes(group, sure=False)[:MAX_TRIES]:
        state = graph.nodes[index].place.state
        text = say(
            "from “{state}” no end can be reached, whatever is done",
            "自“{state}”起，无论如何办理均无法办结",
            state=inquiry.procedure.state_title(state),
        )
        finding = inquiry.shown("ends", ENDS, text, graph.path(index), graph, path_in=f"states.{state}")
        if finding.status is Status.FLAWED:
            return finding
    doubtful = composition.stuck_nodes(group, sure=True)
    if not doubtful:
        return None
    state = graph.nodes[doubtful[0]].place.state
    text = say(
        "it hangs on what the search does not follow whether a case comes out of “{state}”",
        "能否离开“{state}”取决于搜索未跟踪的内容",
        state=inquiry.procedure.state_title(state),
    )
    return Finding("ends", ENDS, Status.INCOMPLETE, text, f"states.{state}")
