"""What a network takes of pictures, and that it does not take one."""

from dataclasses import dataclass, replace

from kaja.kernel.problems import Problem
from kaja.networks.kit.results import Later, Rejected


@dataclass(frozen=True)
class ImageRules:
    """What a network takes: bytes, MIME types, the longer side in pixels, and the range of width divided by height."""

    max_bytes: int
    mimes: tuple[str, ...] = ("image/jpeg", "image/png", "image/webp")
    max_side: int = 4096
    animated: bool = False
    ratios: tuple[float, float] | None = None

    def allows_ratio(self, width: int, height: int) -> bool:
        return self.ratios is None or self.ratios[0] <= width / height <= self.ratios[1]


class ImageRefused(Exception):
    """The file cannot become a picture that the network takes; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem

    def as_result(self, field: str) -> Rejected | Later:
        """What the delivery is told."""
        return Rejected(replace(self.problem, field=field))
