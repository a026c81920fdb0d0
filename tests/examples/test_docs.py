"""Snippets, tables, contracts and paths in README and docs, except for the first service."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import indent

import pytest

from restate_proto.cli.generate import generate
from restate_proto.cli.protoc import ContractError
from tests.examples.markdown_code import blocks, files, tables
from tests.folders import write_files

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
OPERATIONS = ROOT / "docs" / "operations.md"
DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [README, *DOCS]


def page_id(page: Path) -> str:
    """The path of a page, as a name."""
    return re.sub(r"\W", "_", page.relative_to(ROOT).with_suffix("").as_posix()).lower()


PRELUDE = """
from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Protocol

import asyncio
from deploy.v1.queue_pb2 import AcquireRequest, QueueKey, Turn
from deploy.v1.queue_restate import ACQUIRE_REQUEST_DONE, QueueBase, QueueClient
from google.protobuf.empty_pb2 import Empty
from greeter.v1.greeter_pb2 import Count, GreetRequest, GreetResponse
from greeter.v1.greeter_restate import GreeterBase, GreeterClient
from restate_proto import *
from restate_proto.testing import *
from shop.v1.cart_pb2 import AddTicketRequest, ExpireTicketRequest, TicketList
from shop.v1.cart_restate import CartBase, CartClient, CartIngressClient
from shop.v1.checkout_pb2 import Approval, PayRequest, Receipt
from shop.v1.checkout_restate import CheckoutClient
from shop.v1.signup_pb2 import SignupRequest, SignupResponse
from shop.v1.signup_restate import SignupBase, SignupClient
from shop.v1.ticket_pb2 import ReserveRequest
from shop.v1.ticket_restate import TicketClient, TicketTakenError


RECEIPT = StateKey("receipt", Receipt)


class AnyContext(ObjectContext, WorkflowContext): ...


class Pool(Protocol):
    def connection(self) -> AbstractAsyncContextManager[object]: ...


class Steps(Protocol):
    def charge(self, ctx: RunContext, payment: PayRequest) -> DurableFuture[Receipt]: ...
    def charge_with_vat(self, ctx: RunContext, payment: PayRequest) -> DurableFuture[Receipt]: ...
"""

COMMON = """
    request: AddTicketRequest,
    payment: PayRequest,
    signup: SignupRequest,
    expiry: ExpireTicketRequest,
    invocation_id: str,
    charge: Callable[[str], Awaitable[None]],
    refund: Callable[[str], Awaitable[None]],
    hold: Callable[[str], Awaitable[None]],
    fetch_quote: Callable[[str], Awaitable[Receipt]],
    fetch_receipt: Callable[[PayRequest, str], Awaitable[Receipt]],
    desk: Steps,
    ask_for_approval: Callable[[str], Awaitable[None]],
    key: QueueKey,
    asked: AcquireRequest,
    payment_id: str,
    pool: Pool,
    env: VirtualRestate,
    virtual_restate: VirtualEnvironmentFactory,
    endpoint: Endpoint,
    make_endpoint: Callable[[], Endpoint],
    tickets_of_ada: TicketList,
"""

IN_A_HANDLER = f"""
async def in_a_handler_%s(
    ctx: AnyContext,
    cart: CartClient,
    checkout: CheckoutClient,{COMMON}) -> None:
"""

OUTSIDE = f"""
async def outside_%s(
    client: IngressClient,
    cart: CartIngressClient,{COMMON}) -> None:
"""

PYRIGHT = {
    "typeCheckingMode": "strict",
    "pythonVersion": "3.11",
    "extraPaths": [str(ROOT), str(ROOT / "generated")],
    "ignore": ["**/*_pb2.py", "**/*_pb2.pyi", str(ROOT / "generated")],
    # Snippets show names that they do not use, and the prelude brings more than one needs.
    "reportUnusedClass": False,
    "reportUnusedVariable": False,
    "reportUnusedFunction": False,
    "reportUnusedImport": False,
    "reportWildcardImportFromLibrary": False,
}


def snippets() -> str:
    """One module with every snippet and every table row, each in a function of its own."""
    parts = [PRELUDE]
    handler_rows, outside_rows = tables(OPERATIONS)
    for head, rows in ((IN_A_HANDLER, handler_rows), (OUTSIDE, outside_rows)):
        for number, code in enumerate(rows):
            parts.append(head % f"row_{number}" + indent(code, "    "))
    for page in PAGES:
        head = OUTSIDE if page.stem in {"celery", "clients", "testing"} else IN_A_HANDLER
        for block in blocks(page):
            if block.language == "python" and not block.file:
                name = f"{page_id(page)}_{block.line}"
                parts.append(head % name + indent(block.text, "    "))
    return "\n".join(parts)


@pytest.fixture
def pyright() -> str:
    found = shutil.which("pyright", path=str(Path(sys.executable).parent))
    if found is None:
        pytest.skip("pyright is not installed here")
    return found


def test_what_the_pages_show_is_type_checked(pyright: str, tmp_path: Path) -> None:
    # The tutorial's project is run by a test of its own.
    contracts = (files(page).items() for page in DOCS if page.stem != "tutorial")
    shown = {name: text for page in contracts for name, text in page if name.endswith(".proto")}
    write_files(tmp_path, files(README) | shown)
    (tmp_path / "test_greeter.py").unlink()  # its fixture has no type, as tests often have it
    generate(tmp_path / "proto", tmp_path)
    (tmp_path / "snippets.py").write_text(snippets(), "utf-8")
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(PYRIGHT), "utf-8")

    command = [pyright, "--pythonpath", sys.executable]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def test_the_tables_say_how_to_do_everything_once() -> None:
    for rows in tables(OPERATIONS):
        assert len(rows) > 10
        assert len(set(rows.values())) == len(rows)


def test_the_configuration_in_the_readme_is_a_contract(tmp_path: Path) -> None:
    (block,) = (b for b in blocks(README) if b.language == "proto" and not b.file)
    assert "retry_policy" in block.text
    (tmp_path / "payments.proto").write_text(
        'syntax = "proto3";\npackage payments.v1;\nimport "restatepb/v1/options.proto";\n'
        f"{block.text}\nmessage ChargeRequest {{}}\nmessage ChargeResponse {{}}\n"
    )
    generated = generate(tmp_path, tmp_path / "out")
    assert not generated.warnings
    code = (tmp_path / "out" / "payments_restate.py").read_text()
    assert '"Payments"' in code
    assert "max_attempts=20" in code


def test_the_error_in_the_reference_is_what_the_plugin_says(tmp_path: Path) -> None:
    (block,) = (b for b in blocks(ROOT / "docs" / "contract.md") if b.language == "text")
    contract = (ROOT / "proto" / "shop" / "v1" / "cart.proto").read_text()
    broken = contract.replace('"shop.v1.TicketList"', '"TicketList"')
    path = tmp_path / "shop" / "v1" / "cart.proto"
    path.parent.mkdir(parents=True)
    path.write_text(broken)
    for imported in ("checkout", "ticket"):
        shutil.copy(ROOT / "proto" / "shop" / "v1" / f"{imported}.proto", path.parent)
    with pytest.raises(ContractError) as error:
        generate(tmp_path, tmp_path / "out")
    assert str(error.value) == f"{tmp_path}/{block.text.strip()}"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_what_a_page_names_is_there(page: Path) -> None:
    text = page.read_text("utf-8")
    named: set[str] = set()
    if page.stem != "tutorial":  # its paths are of a new project
        named |= set(re.findall(r"`((?:restate_proto|proto|tests|examples)/[\w./]+)`", text))
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    linked = set(re.findall(r"\]\(([^)#]+?)(?:#[\w-]+)?\)", prose))
    if page.stem == "architecture":  # its paths are below the package
        named |= set(re.findall(r"`([a-z0-9_]+/[\w./]+)`", text))
    missing = [
        name
        for name in named
        if not (ROOT / name).exists() and not (ROOT / "restate_proto" / name).exists()
    ]
    missing += [
        link
        for link in linked
        if not link.startswith("https://") and not (page.parent / link).exists()
    ]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_to_headings_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#]*)#([\w-]+)\)", page.read_text("utf-8")):
        other = page.parent / target if target else page
        headings = re.findall(r"^#+ (.+)$", other.read_text("utf-8"), re.MULTILINE)
        slugs = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
        assert anchor in slugs
