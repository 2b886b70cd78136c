"""The reference page of the audit log, made from its actions: `python -m core.audit.audit_page`."""

from __future__ import annotations

import sys

from core.audit.action import MEANINGS, AuditAction
from core.audit.reading import KEPT
from core.audit.redaction import CHANGED, LONGEST_TEXT, SET

_HEAD = f"""# The audit log

An entry for each change that people make, kept for {KEPT.days} days. How it is read: [who changed what](../how-to/audit-log.md).

## An entry

| field | |
|---|---|
| `at` | when the change was made |
| `actor` | who made it; null for the operator at the server's command line |
| `token` | the API token that spoke for him; null for a person who signed in |
| `action` | what was done: one of the names below, which stay |
| `subjectId` | what it was done to, by its public id, be it there still or not |
| `before` | what was there, as the change found it under its lock; null where something was made or added |
| `after` | what is there since; null where something was deleted |

Of an update `before` and `after` have the fields that differ, and no others; both are null for what changes no field. Names and values are those of the API: ids with their prefix, moments in UTC.

A secret is `"{SET}"`, and `"{CHANGED}"` in `after` where another one was before; one that was cleared is null. That holds for every field that a kind of probe or notifier calls a secret, for the secrets of webhooks, for passwords and for the addresses of heartbeats. Of a kind that is no longer installed the whole configuration is. In all other texts user names, passwords and keys in addresses, values after names such as `password=`, `Authorization:` and `"apiKey":`, ping addresses and API tokens are `***`, and what is longer than {LONGEST_TEXT:,} characters is cut.

## The actions

| action | id of the subject | what was done |
|---|---|---|
"""

_FOOT = """
## What is not in it

- What Tocsin does by itself: checks, incidents that open and end, alerts. An incident's timeline and a channel's deliveries tell of these.
- What is made at the first start, and the token that `TOCSIN_OWNER_TOKEN` makes and ends at any start.
- Signing in and out, and going to another workspace.
- A request for a letter with which a password can be reset: anybody can ask for it, and it changes nothing. Its use is there.
- What was refused, and what changed nothing, such as the pause of a monitor that is paused.
"""


def audit_page() -> str:
    """Return the page in Markdown."""
    rows = (f"| `{each}` | `{each.subject}_…` | {MEANINGS[each]} |\n" for each in AuditAction)
    return _HEAD + "".join(rows) + _FOOT


if __name__ == "__main__":
    sys.stdout.write(audit_page())
