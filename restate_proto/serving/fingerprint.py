"""The fingerprint of a worker's contracts and code, which is compared with that of other workers.

The journals of invocations in flight were written by the old code, and other code may not fit them.
"""

from __future__ import annotations

import json
import sys
import sysconfig
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto.endpoint.endpoint import Endpoint

__all__ = ["Fingerprint"]

_NAMED = 5


class Fingerprint(NamedTuple):
    """The contracts and the code that a process serves.

    Args:
        manifest: the discovery manifest of its services, as JSON.
        files: a digest of each file of its code, by its path.
    """

    manifest: str
    files: dict[str, str]

    @classmethod
    def of(cls, endpoint: Endpoint) -> Self:
        """Take the fingerprint of this process, once the endpoint's modules are imported."""
        files = {str(path): _digest(path) for path in set(_code_files())}
        return cls(endpoint.manifest.decode(), files)

    def differences(self, other: Fingerprint) -> str:
        """Say how another fingerprint differs; "" if it is the same."""
        parts: list[str] = []
        names = self.files.keys() | other.files.keys()
        changed = sorted(name for name in names if self.files.get(name) != other.files.get(name))
        if changed:
            shown = ", ".join(changed[:_NAMED])
            rest = f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
            parts.append(f"code ({shown}{rest})")
        if self.manifest != other.manifest:
            ours, theirs = _services(self.manifest), _services(other.manifest)
            services = sorted(
                name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)
            )
            parts.append(f"contracts ({', '.join(services) or 'of all services'})")
        return " and ".join(parts)


def _services(manifest: str) -> dict[str, Any]:
    return {service["name"]: service for service in json.loads(manifest)["services"]}


def _code_files() -> Iterator[Path]:
    """Yield the files of all imported modules, and all files of the user's own packages.

    The standard library is left out, because a new process uses the same one.
    """
    paths = sysconfig.get_paths()
    installed = tuple(Path(paths[name]) for name in ("purelib", "platlib"))
    standard = tuple(Path(paths[name]) for name in ("stdlib", "platstdlib"))
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str):
            continue
        path = Path(file)
        if any(path.is_relative_to(each) for each in installed):
            yield path
        elif not any(path.is_relative_to(each) for each in standard):
            yield path
            if path.name == "__init__.py" and "." not in name:
                # Handlers may import other modules of these packages later.
                yield from path.parent.rglob("*.py")


def _digest(path: Path) -> str:
    try:
        return blake2b(path.read_bytes(), digest_size=16).hexdigest()
    except OSError:
        return ""
