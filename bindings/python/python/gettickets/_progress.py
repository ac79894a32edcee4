"""Progress of a scan on standard error, for `progress=True`."""

from __future__ import annotations

import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ._notes import Report

INTERVAL = 0.2
"""The minimum time between two updates, in seconds."""


def callback(progress: bool | Callable[[Report], object]) -> Callable[[Report, bool], None] | None:
    """Returns the function that a scan calls with its report: at every page, while it waits, and at the end."""
    if isinstance(progress, bool):
        return Line() if progress else None
    if not callable(progress):
        raise TypeError(f"progress must be a bool or a function of a Report, not {type(progress).__name__}")
    function = progress

    def call(report: Report, is_over: bool) -> None:
        function(report)

    return call


class Line:
    """A line that is rewritten on a terminal or in a notebook. Elsewhere only the last state is written."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._next = self._began
        self._width = 0
        self._is_over = False

    def __call__(self, report: Report, is_over: bool) -> None:
        now = time.monotonic()
        stream = sys.stderr
        # None in a program without a console.
        if stream is None or self._is_over or not is_over and (now < self._next or not _is_live(stream)):
            return
        self._next, self._is_over = now + INTERVAL, is_over
        text = self._text(report, now - self._began) + (
            ", verifying" if report.verification_passes and not is_over else ""
        )
        begin, end = ("\r", "\n" if is_over else "") if _is_live(stream) else ("", "\n")
        stream.write(begin + text.ljust(self._width) + end)
        stream.flush()
        self._width = len(text)

    def _text(self, report: Report, elapsed: float) -> str:
        parts = [
            f"{report.tickets:,} tickets"
            if report.total is None
            else f"{report.tickets:,} of {report.total:,} tickets"
        ]
        if elapsed >= 1:
            parts.append(f"{report.tickets / elapsed:,.0f} a second")
        parts.append(f"{report.requests:,} requests")
        if report.retries:
            parts.append(f"{report.retries:,} retries")
        return ", ".join(parts)


def _is_live(stream: object) -> bool:
    """Whether a line can be rewritten on this stream."""
    isatty = getattr(stream, "isatty", None)
    return bool(isatty and isatty()) or type(stream).__module__.startswith("ipykernel")
