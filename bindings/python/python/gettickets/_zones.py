"""Time zones, by name or as Python has them."""

from __future__ import annotations

from ._errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import tzinfo


def zone(timezone: str | tzinfo | None) -> tzinfo | None:
    """The time zone of this name, or as it was given."""
    if timezone is None:
        return None
    # A page's moments are made with it, deep inside a loop: what is no time zone is told here.
    import datetime

    if isinstance(timezone, datetime.tzinfo):
        return timezone
    if not isinstance(timezone, str):
        raise TypeError(f"timezone must be a name or a tzinfo, not {type(timezone).__name__}")
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        hint = "Give a name such as Europe/Berlin; where the system has no time zones, install tzdata."
        raise ConfigError(f"there is no time zone {timezone!r}", code="timezone", hint=hint) from error
