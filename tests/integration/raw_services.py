"""Services whose requests and responses are bytes as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.v1.files_pb2 import FileDescription
from conformance.v1.files_restate import FilesBase, FilesClient, ReportBase
from restate_proto import gather

if TYPE_CHECKING:
    from restate_proto import Context, WorkflowContext

__all__ = ["Files", "Report"]


class Files(FilesBase):
    async def copy(self, ctx: Context, request: bytes) -> bytes:
        return request

    async def scan(self, ctx: Context, request: bytes) -> FileDescription:
        return FileDescription(content_type=ctx.headers.get("content-type", ""), size=len(request))

    async def convert(self, ctx: Context, request: bytes) -> bytes:
        return ctx.headers["content-type"].encode() + b" " + request

    async def make(self, ctx: Context, request: FileDescription) -> bytes:
        return b"a" * request.size

    async def process(self, ctx: Context, request: bytes) -> FileDescription:
        files = FilesClient.from_context(ctx)
        copy = await files.copy(request)
        sent = await files.send().copy(copy).attach()
        headers = {"content-type": "text/plain"}
        (found,) = await gather(files.scan(sent, headers=headers))
        assert len(await files.make(found)) == len(request)
        return found


class Report(ReportBase):
    async def run(self, ctx: WorkflowContext, request: bytes) -> bytes:
        return request
