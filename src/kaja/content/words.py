"""Two texts word by word: what stayed, what went, what came. Pure, and linear in practice.

The usual way (`difflib`) is quadratic and worse: 14 s of processor time for 6,000 words. Here what both texts have at
their ends is put aside; the rest is compared by Myers' greedy way (An O(ND) Difference Algorithm and Its Variations,
Algorithmica 1, 1986), which takes few steps where little was changed; where much was, it is cut at the words that occur
once in both texts (as "patience" differences do), and each piece compared for itself. All of it has one store of steps;
when that is used up, what is left counts as replaced, which is what a reader would call it, too.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

STEPS = 400_000
"""About a tenth of a second. Some hundred changes in a text of any length fit."""

Words = Sequence[str]
Pairs = list[tuple[int, int]]


@dataclass(frozen=True)
class Run:
    """A stretch of text that stayed, went or came."""

    kind: Literal["same", "gone", "new"]
    text: str


def diff_words(before: str, after: str) -> list[Run]:
    """Word by word; joined again, the runs without `new` are `before`, those without `gone` are `after`."""
    a, b = (re.findall(r"\w+|\s+|[^\w\s]", text) for text in (before, after))
    runs: list[Run] = []
    i = j = 0
    for x, y, count in _stretches([*_Comparison(a, b).pairs(), (len(a), len(b))]):
        if i < x:
            runs.append(Run("gone", "".join(a[i:x])))
        if j < y:
            runs.append(Run("new", "".join(b[j:y])))
        i, j = x + count, y + count
        if same := "".join(a[x:i]):
            runs.append(Run("same", same))
    return runs


def _stretches(pairs: Pairs) -> Iterator[tuple[int, int, int]]:
    """Pairs that follow each other, as one: where it begins in both, and how long it is."""
    begin, length = pairs[0], 1
    for pair in pairs[1:]:
        if pair == (begin[0] + length, begin[1] + length):
            length += 1
        else:
            yield *begin, length
            begin, length = pair, 1
    yield *begin, length


class _Comparison:
    """Finds which places of two texts are the same."""

    def __init__(self, a: Words, b: Words) -> None:
        self.a, self.b = a, b
        self.steps = STEPS

    def pairs(self) -> Pairs:
        """(place in a, place in b) of what stayed, in order."""
        found: Pairs = []
        todo = [(0, len(self.a), 0, len(self.b))]
        while todo:
            i, m, j, n = todo.pop()
            while i < m and j < n and self.a[i] == self.b[j]:
                found.append((i, j))
                i, j = i + 1, j + 1
            tail = 0
            while i < m - tail and j < n - tail and self.a[m - 1 - tail] == self.b[n - 1 - tail]:
                tail += 1
            found += [(m - k, n - k) for k in range(1, tail + 1)]
            m, n = m - tail, n - tail
            if i == m or j == n:
                continue
            greedy = self._greedy(i, m, j, n)
            if greedy is not None:
                found += greedy
                continue
            edges = [(i - 1, j - 1), *self._anchors(i, m, j, n), (m, n)]
            if len(edges) > 2:
                found += edges[1:-1]
                todo += [(x + 1, u, y + 1, v) for (x, y), (u, v) in pairwise(edges)]
        return sorted(found)

    def _greedy(self, i: int, m: int, j: int, n: int) -> Pairs | None:
        """Myers' shortest way from one text to the other; None when it would be longer than the steps allow."""
        a, b = self.a, self.b
        reach: dict[int, int] = {1: 0}
        trail: list[dict[int, int]] = []
        width, height = m - i, n - j
        # Of what is left no more than a half goes into one try, so that the pieces of a cut text have theirs.
        budget = self.steps // 2
        for d in range(width + height + 1):
            budget -= 2 * d + 1
            if budget < 0:
                self.steps -= self.steps // 2
                return None
            trail.append(dict(reach))
            for k in range(-d, d + 1, 2):
                down = k == -d or (k != d and reach[k - 1] < reach[k + 1])
                x = reach[k + 1] if down else reach[k - 1] + 1
                y = x - k
                while x < width and y < height and a[i + x] == b[j + y]:
                    x, y = x + 1, y + 1
                reach[k] = x
                if x >= width and y >= height:
                    self.steps -= d * d
                    return self._walk_back(trail, i, j, width, height)
        raise AssertionError("the way ends at the latest when everything was replaced")

    def _walk_back(self, trail: list[dict[int, int]], i: int, j: int, x: int, y: int) -> Pairs:
        found: Pairs = []
        for d in range(len(trail) - 1, -1, -1):
            reach, k = trail[d], x - y
            down = k == -d or (k != d and reach[k - 1] < reach[k + 1])
            before = k + 1 if down else k - 1
            start_x = reach[before] if d else 0
            start_y = start_x - before if d else 0
            while x > start_x and y > start_y:
                x, y = x - 1, y - 1
                found.append((i + x, j + y))
            x, y = start_x, start_y
        return found

    def _anchors(self, i: int, m: int, j: int, n: int) -> Pairs:
        """Words that occur once in each, as many of them as keep their order (the longest rising row)."""
        once_a, once_b = (
            {word for word, count in Counter(words[start:end]).items() if count == 1}
            for words, start, end in ((self.a, i, m), (self.b, j, n))
        )
        place = {self.b[y]: y for y in range(j, n) if self.b[y] in once_b}
        both = [(x, place[self.a[x]]) for x in range(i, m) if self.a[x] in once_a and self.a[x] in place]
        ends: list[int] = []  # the smallest last place of a rising row of each length
        last: list[int] = []  # which pair it is
        before: list[int] = []
        for number, (_, y) in enumerate(both):
            length = bisect_left(ends, y)
            before.append(last[length - 1] if length else -1)
            ends[length : length + 1] = [y]
            last[length : length + 1] = [number]
        row: Pairs = []
        number = last[-1] if last else -1
        while number >= 0:
            row.append(both[number])
            number = before[number]
        return row[::-1]
