"""What a look has come by on its way to the answer that is judged."""

from __future__ import annotations

from dataclasses import dataclass, field

from plugins.probes.http.certificate_end import CertificateEnd
from plugins.probes.http.redirects import Hop


@dataclass(kw_only=True, slots=True)
class Trail:
    """The redirects that were followed, the certificates that were asked for, and the secrets that were got."""

    redirects: list[Hop] = field(default_factory=list)
    certificates: list[CertificateEnd] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list, repr=False)

    def begin_anew(self, secret: str) -> None:
        """Take up a new secret, with which the way begins at the first address again."""
        self.redirects.clear()
        self.certificates.clear()
        self.secrets.append(secret)
