"""The log: what the Rust side says, told to `logging` as the logger `gettickets` has it.

Imported only where the program has imported `logging` itself, as that takes longer than the rest of the package.
"""

import logging

_LEVELS = (5, logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR)

_logger = logging.getLogger("gettickets")
# As libraries do: nothing is printed unless the program says where to.
_logger.addHandler(logging.NullHandler())


def level() -> int:
    """The lowest level that anyone wants to hear, or one above all of them."""
    return next((level for level in _LEVELS if _logger.isEnabledFor(level)), logging.CRITICAL)


def tell(level: int, text: str, file: str, line: int, at: float) -> None:
    """Logs one message, as of when it was said: seconds since 1970, or 0 for now."""
    if not _logger.isEnabledFor(level):
        return
    record = _logger.makeRecord(_logger.name, level, file, line, text, (), None)
    if at:
        record.relativeCreated -= (record.created - at) * 1000
        record.created, record.msecs = at, int(at % 1 * 1000)
    _logger.handle(record)
