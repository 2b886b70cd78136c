"""How many file descriptors this process may hold: each connection of a look takes one."""

from __future__ import annotations

import resource

# Far above what a worker needs, and below what makes programs that close every number slow.
_ENOUGH = 65_536


def raise_descriptor_limit() -> int:
    """Raise the limit of this process as far as the system lets it, and return it.

    Systems give programs 1,024 by default, for the sake of those that cannot count further, and let them ask for more.
    """
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if most == resource.RLIM_INFINITY else min(most, _ENOUGH)
    if allowed == resource.RLIM_INFINITY or allowed >= wanted:
        return allowed
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    return wanted
