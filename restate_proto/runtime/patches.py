"""Questions of handlers about patches: changes of their code while invocations are in flight."""

from __future__ import annotations

from restate_proto.model.arguments import check_string
from restate_proto.protocol import Patches
from restate_proto.runtime.run_context import RunContext

__all__ = ["PatchableContext"]


class PatchableContext(RunContext):
    """A context that knows which code an invocation takes."""

    __slots__ = ()

    def patched(self, name: str) -> bool:
        """Whether this invocation takes the new code of a patch, or goes on with the old.

        ```python
        if ctx.patched("2026-12-vat"):
            await self.charge_with_vat(ctx, order)
        else:
            await self.charge(ctx, order)
        ```

        Invocations that have come past this place with the old code go on with it; all others take
        the new code, and their journals say so: the marker `patch: NAME` is recorded here. The
        answer to the first question about a name holds for the whole invocation. It needs no
        `await`.

        Args:
            name: the patch; a name that was never used in this handler before.

        Raises:
            TypeError: the name is no str.
            ValueError: the name is empty.
        """
        patches = self._patches_for("ctx.patched", name)
        return self._operations.begin(lambda: patches.is_patched(name))

    def deprecate_patch(self, name: str) -> None:
        """Read over the marker of a patch whose old code is gone, where an invocation has it.

        It takes the place of `ctx.patched(name)` when no invocation is left that goes on with the
        old code, writes nothing, and can go when no invocation is left that has the marker.

        Args:
            name: the patch.

        Raises:
            TypeError: the name is no str.
            ValueError: the name is empty.
        """
        patches = self._patches_for("ctx.deprecate_patch", name)
        self._operations.begin(lambda: patches.deprecate(name))

    def _patches_for(self, where: str, name: str) -> Patches:
        check_string(where, "name", name)
        if not name:
            raise ValueError(f"{where}: the name must not be empty")
        if self._patches is None:
            self._patches = Patches(self._journal, self._commands)
        return self._patches
