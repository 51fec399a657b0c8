"""In which order tables are dumped, restored and emptied, from the foreign keys.

    dump_order(catalogue, tables)     parents first: what is restored in this order points at rows that are there
    erasure_order(catalogue, tables)  children first

Tables that point at each other in a circle come together, with the keys that close it: a deferrable one is checked at the end of the
transaction, another has to be taken away and put back.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from garant.data.policy.catalogue import Catalogue, Name


@dataclass(frozen=True)
class Step:
    """Tables that can be done together. `circular`: keys inside the step; `deferrable`: whether each can wait for the commit."""

    tables: tuple[Name, ...]
    circular: tuple[tuple[Name, str, bool], ...] = ()


def dump_order(catalogue: Catalogue, tables: Collection[Name]) -> tuple[Step, ...]:
    """Parents before children; names decide between equals, so that two runs agree."""
    wanted = set(tables)
    parents = {name: {key.target for key in catalogue.tables[name].foreign_keys if key.target in wanted} for name in wanted}
    groups = _groups(parents)
    of = {name: group for group in groups for name in group}
    done: list[Step] = []
    left = sorted({tuple(sorted(group)) for group in groups})
    placed: set[Name] = set()
    while left:
        ready = [group for group in left if all(set(of[parent]) <= placed or parent in group for name in group for parent in parents[name])]
        for group in ready:
            done.append(Step(group, _circular(catalogue, group)))
            placed |= set(group)
        left = [group for group in left if group not in ready]
    return tuple(done)


def erasure_order(catalogue: Catalogue, tables: Collection[Name]) -> tuple[Step, ...]:
    """Children before parents."""
    return tuple(reversed(dump_order(catalogue, tables)))


def _circular(catalogue: Catalogue, group: tuple[Name, ...]) -> tuple[tuple[Name, str, bool], ...]:
    return tuple((name, key.name, key.deferrable) for name in group for key in catalogue.tables[name].foreign_keys if key.target in group)


def _groups(parents: Mapping[Name, set[Name]]) -> list[frozenset[Name]]:
    """Circles of tables: sets in which each leads to each (Tarjan, without recursion)."""
    number: dict[Name, int] = {}
    low: dict[Name, int] = {}
    stack: list[Name] = []
    found: list[frozenset[Name]] = []
    for start in sorted(parents):
        if start in number:
            continue
        work = [(start, iter(sorted(parents[start])))]
        number[start] = low[start] = len(number)
        stack.append(start)
        while work:
            name, rest = work[-1]
            step = next(rest, None)
            if step is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == number[name]:
                    cut = stack.index(name)
                    found.append(frozenset(stack[cut:]))
                    del stack[cut:]
            elif step not in number:
                number[step] = low[step] = len(number)
                stack.append(step)
                work.append((step, iter(sorted(parents[step]))))
            elif step in stack:
                low[name] = min(low[name], number[step])
    return found
