"""Collect the imports of a generated file, and name classes by what is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.generate.jvm.messages import JvmClass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Imports"]


class Imports:
    """Collects what a generated file imports while its body is printed.

    A class is imported and has its simple name in the text. If that name means something else in
    the file, the text has the full name.

    Args:
        package: the package of the file.
        declared: the names of the classes that the file itself declares, nested ones too.
        beside: the names of the other classes that are known to be in the package.
        automatic: the packages whose classes need no import, such as `java.lang`.
    """

    def __init__(
        self,
        package: str,
        declared: Iterable[str],
        beside: Iterable[str],
        automatic: Iterable[str] = ("java.lang",),
    ) -> None:
        self._package = package
        self._declared = frozenset(declared)
        self._beside = frozenset(beside)
        self._automatic = frozenset(automatic)
        self._names: dict[str, JvmClass] = {}

    def use(self, name: JvmClass | str) -> str:
        """Import a class if necessary, and return its name in the file.

        Args:
            name: the class, or its full name; of nested classes, the outermost is imported.
        """
        wanted = JvmClass.of(name) if isinstance(name, str) else name
        simple = ".".join(wanted.names)
        top = JvmClass(wanted.package, wanted.names[:1])
        if top.names[0] in self._declared:
            return wanted.full_name
        if top.package == self._package:
            return simple
        if top.names[0] in self._beside:
            return wanted.full_name
        return simple if self._names.setdefault(top.names[0], top) == top else wanted.full_name

    def __iter__(self) -> Iterator[str]:
        """Yield the full names to import, sorted."""
        found = (name for name in self._names.values() if name.package not in self._automatic)
        return iter(sorted(name.full_name for name in found))
