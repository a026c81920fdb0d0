"""`ctx.patched`: lets handlers change while invocations of their old code are in flight."""

from __future__ import annotations

from restate_proto.model.arguments import check_string
from restate_proto.protocol import Patches
from restate_proto.runtime.run_context import RunContext

__all__ = ["PatchableContext"]


class PatchableContext(RunContext):
    """A context that decides whether an invocation takes the old or the new code of a patch."""

    __slots__ = ()

    def patched(self, name: str) -> bool:
        """Tell whether this invocation takes the new code of a patch, or goes on with the old.

        ```python
        if ctx.patched("2026-12-vat"):
            await self.charge_with_vat(ctx, order)
        else:
            await self.charge(ctx, order)
        ```

        Invocations that passed this place with the old code go on with it. All others take the new
        code, and the marker `patch: NAME` is recorded in their journals here. The first answer for
        a name holds for the whole invocation. No `await` is needed.

        Args:
            name: the patch; a name that was never used in this handler before.

        Raises:
            TypeError: the name is not a str.
            ValueError: the name is empty.
        """
        patches = self._patches_for("ctx.patched", name)
        return self._operations.begin(lambda: patches.is_patched(name))

    def deprecate_patch(self, name: str) -> None:
        """Skip the marker of a patch whose old code is gone, if the invocation has it.

        Replace `ctx.patched(name)` with this call once no invocation is left that goes on with the
        old code. It writes nothing. Remove it once no invocation is left that has the marker.

        Args:
            name: the patch, as `ctx.patched` had it.

        Raises:
            TypeError: the name is not a str.
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
