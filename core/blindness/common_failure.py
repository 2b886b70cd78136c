"""The pure rule that tells a fault common to many targets, which may be ours, from a fault of one.

Hosts are judged by looks of about the same time. A host that any look reached is not failing.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from plugins.api.outbound import MalformedAddress, literal_address

LEAST_HOSTS = 5
# So many hosts stand for all of them.
SAMPLE = 12


def least_hosts(watched: int, *, canaries_are_missed: bool) -> int:
    """Return how many hosts must fail before it may be ours, of so many that were up.

    Canaries that answered before and do not now are a reason of their own: then fewer than five are enough where
    that is all there are.
    """
    return min(watched, LEAST_HOSTS) if canaries_are_missed else LEAST_HOSTS


def is_common(failing: AbstractSet[str], reached: AbstractSet[str], *, least: int = LEAST_HOSTS) -> bool:
    """Say whether more than half of the hosts looked at fail, and at least so many."""
    lost = len(failing - reached)
    return lost >= least and lost > len(reached)


def opinion(
    failing: AbstractSet[str], reached: AbstractSet[str], *, others: int, least: int = LEAST_HOSTS
) -> bool | None:
    """Say whether the failure is common, or None if `others`, hosts not looked at yet, could make it so."""
    if is_common(failing, reached, least=least):
        return True
    lost = len(failing - reached)
    if lost + len(reached) >= SAMPLE:
        return False
    could_be = lost + others >= least and lost + others > len(reached)
    return None if could_be else False


def is_elsewhere(host: str) -> bool:
    """Say whether a network lies between this machine and the host."""
    if host == "localhost" or host.endswith(".localhost"):
        return False
    try:
        address = literal_address(host)
    except MalformedAddress:
        return True
    return address is None or not address.is_loopback
