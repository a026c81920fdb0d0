"""Read files from a git repository, without touching its work tree or its index."""

from __future__ import annotations

import difflib
import os
import posixpath
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from restate_proto.cli.protoc import ContractError
from restate_proto.contract.paths import path_problem, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Repository"]

_LINK = "120000"
_MAX_LINK = 4000  # bytes; file systems have no longer links

_OBJECT = re.compile("[0-9a-f]{40,64}")

# The user trusts this repository, but somebody may have made a folder in it look like another
# repository, whose configuration can name programs to run.
_OPTIONS = ("-c", "safe.bareRepository=explicit", "--literal-pathspecs", "--no-pager")

# git sets these for hooks; they would make it read the hook's repository.
_FOREIGN = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX")


class Repository:
    """The repository that a folder lies in.

    Args:
        folder: a folder that exists.

    Raises:
        ContractError: git is not installed, or the folder is not in a repository that it reads.
    """

    def __init__(self, folder: Path) -> None:
        git = shutil.which("git")
        if git is None:
            raise ContractError("git is not installed: install it, or name a folder")
        self._git = git
        self._folder = folder
        done = self._run("rev-parse", "--show-toplevel")
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()
            raise ContractError(f"{folder} is not in a git repository ({said})")
        self.root = Path(os.fsdecode(done.stdout).rstrip("\n"))

    def path_of(self, folder: Path) -> str | None:
        """Return the path of a folder below the root, "" for the root; None if it is outside."""
        path = folder.resolve()
        root = self.root.resolve()
        if not path.is_relative_to(root):
            return None
        return "" if path == root else path.relative_to(root).as_posix()

    def commit(self, revision: str) -> str | None:
        """Return the commit that a revision names, or None."""
        if not revision or revision.startswith("-"):
            return None
        done = self._run("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        # git passes on what is not a commit: `^main` excludes one.
        found = done.stdout.decode().strip()
        return found if _OBJECT.fullmatch(found) else None

    def hint(self, revision: str) -> str:
        """Suggest what to do about a revision that does not exist; may be empty."""
        buf = re.fullmatch(r".*\.git#(?:branch|tag|ref)=([^,]+).*", revision)
        if buf:
            return f"write {buf[1]}, as git does"
        names = self._text("for-each-ref", "--format=%(refname:short)").split()
        near = [name for name in names if name.endswith(f"/{revision}")]
        near = near or difflib.get_close_matches(revision, names, n=1)
        if near:
            return f"did you mean {near[0]}?"
        if self._text("rev-parse", "--is-shallow-repository").strip() == "true":
            if re.search("[~^@:]", revision):
                return "this clone is shallow: `git fetch --unshallow` gets older revisions"
            return f"this clone is shallow: `git fetch origin {revision}`, then write FETCH_HEAD"
        return ""

    def extract(self, commit: str, folder: str, into: Path) -> bool:
        """Write the .proto files of a folder, as they are at a commit.

        Args:
            commit: the commit.
            folder: the path of the folder below the root; "" for the root.
            into: a folder without links in its path, for the files, at their paths below the root.
                Links among them are written too, with their targets.

        Returns:
            Whether there were any.

        Raises:
            ContractError: a path in the repository would be written elsewhere, or cannot be written.
        """
        blobs: dict[str, str] = {}
        links: dict[str, str] = {}
        waiting, seen = [folder], set[str]()
        while waiting:
            path = waiting.pop()
            seen.add(path)
            found = self._entries(commit, path)
            blobs.update((p, blob) for p, blob, is_link in found if not is_link)
            targets = self._targets([(p, blob) for p, blob, is_link in found if is_link])
            links.update(targets)
            waiting += (target for target in targets.values() if target not in seen)
        path = ""
        try:
            for path, content in zip(blobs, self._contents(blobs.values()), strict=True):
                _place(into, path).write_bytes(content)
            for path, target in links.items():
                place = _place(into, path)
                if not place.is_symlink():  # folders may overlap
                    place.symlink_to(os.path.relpath(into / target, place.parent))
        except OSError as error:
            raise ContractError(
                f"{printable(path)} of {commit} cannot be written: {error.strerror}"
            ) from None
        return bool(blobs)

    def _entries(self, commit: str, folder: str) -> list[tuple[str, str, bool]]:
        """Return paths and blobs of the .proto files and links in a folder."""
        where = ("--", folder) if folder else ()
        entries: list[tuple[str, str, bool]] = []
        listed = self._bytes("ls-tree", "-r", "-z", "--full-tree", commit, *where)
        for entry in filter(None, listed.split(b"\0")):
            description, _, name = entry.partition(b"\t")
            mode, kind, blob = description.decode().split()
            path = os.fsdecode(name)
            if mode == _LINK or (kind == "blob" and path.endswith(".proto")):
                entries.append((path, blob, mode == _LINK))
        return entries

    def _targets(self, links: Sequence[tuple[str, str]]) -> dict[str, str]:
        """Return the targets of links, as paths below the root.

        Targets outside of the repository, and texts that are not paths, are left out: nothing
        imports them.
        """
        targets: dict[str, str] = {}
        contents = self._contents([blob for _, blob in links])
        for (path, _), written in zip(links, contents, strict=True):
            joined = posixpath.join(posixpath.dirname(path), os.fsdecode(written))
            target = posixpath.normpath(joined)
            if path_problem(target) is None and len(written) <= _MAX_LINK:
                targets[path] = target
        return targets

    def _contents(self, blobs: Iterable[str]) -> list[bytes]:
        asked = list(blobs)
        if not asked:
            return []
        data = self._bytes("cat-file", "--batch", input_="".join(f"{blob}\n" for blob in asked))
        contents: list[bytes] = []
        at = 0
        for blob in asked:
            # `<blob> blob <size>`, the bytes, and a line end.
            start = data.index(b"\n", at) + 1
            size = data[at:start].split()[-1]
            if not size.isdigit():
                raise ContractError(f"git does not have the object {blob} of {self.root}")
            at = start + int(size) + 1
            contents.append(data[start : at - 1])
        return contents

    def _text(self, *arguments: str) -> str:
        return self._bytes(*arguments).decode(errors="replace")

    def _bytes(self, *arguments: str, input_: str = "") -> bytes:
        done = self._run(*arguments, input_=input_)
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()
            raise ContractError(f"git {arguments[0]} failed in {self._folder}: {said}")
        return done.stdout

    def _run(self, *arguments: str, input_: str = "") -> subprocess.CompletedProcess[bytes]:
        environ = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
        return subprocess.run(  # noqa: S603 - the user's git, and arguments without a shell
            [self._git, "-C", str(self._folder), *_OPTIONS, *arguments],
            input=input_.encode(),
            capture_output=True,
            check=False,
            env=environ,
        )


def _place(into: Path, path: str) -> Path:
    """Return where to write a path of a tree, below an existing folder.

    Whoever made the tree object chose the path, which git only checks when it checks out. It may
    lead up, be absolute, or go through a link.
    """
    place = into / path
    problem = path_problem(path)
    if problem is None and place.parent.resolve() != place.parent:
        problem = f"{path} is below a link"
    if problem is not None:
        raise ContractError(f"a file of the repository cannot be read: {problem}")
    place.parent.mkdir(parents=True, exist_ok=True)
    return place
