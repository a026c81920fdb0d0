"""The imports of a generated TypeScript file, with their local names."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["Imports"]


class Imports:
    """Collects the imports of a file.

    Args:
        declared: the names that the file declares itself.
    """

    def __init__(self, declared: Iterable[str]) -> None:
        self._taken = set(declared)
        self._modules: dict[str, dict[str, tuple[str, bool]]] = {}

    def value(self, name: str, module: str) -> str:
        """Import a value, and return its name in the file."""
        return self._use(name, module, is_type=False)

    def type(self, name: str, module: str) -> str:
        """Import something that is used only as a type, and return its name in the file."""
        return self._use(name, module, is_type=True)

    def _use(self, name: str, module: str, *, is_type: bool) -> str:
        names = self._modules.setdefault(module, {})
        if name in names:
            local, was_type = names[name]
            names[name] = (local, was_type and is_type)
            return local
        local, number = name, 0
        while local in self._taken:
            number += 1
            local = f"{name}${number}"
        self._taken.add(local)
        names[name] = (local, is_type)
        return local

    def lines(self) -> Iterable[str]:
        """Yield the import declarations: packages first, each with its names in order."""
        for module in sorted(self._modules, key=lambda path: (path.startswith("."), path)):
            names = sorted(self._modules[module].items(), key=lambda item: item[0].lower())
            only_types = all(is_type for _, (_, is_type) in names)
            parts = [
                ("type " if is_type and not only_types else "")
                + (name if local == name else f"{name} as {local}")
                for name, (local, is_type) in names
            ]
            head = "import type {" if only_types else "import {"
            short = f'{head} {", ".join(parts)} }} from "{module}";'
            if len(short) <= 100:
                yield short
            else:
                yield from (head, *(f"  {part}," for part in parts), f'}} from "{module}";')
