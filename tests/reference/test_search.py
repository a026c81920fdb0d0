"""The search box of the index: its data, and what its script finds."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from restate_proto.cli.contracts import load_contract
from restate_proto.reference.html import render_html
from tests.reference.calls import example_contract, pages_of

if TYPE_CHECKING:
    from pathlib import Path

# As much of a browser as the script uses.
BROWSER = """
class Element {
  children = []; value = ""; textContent = ""; hidden = true; listeners = {};
  append(...parts) { this.children.push(...parts); }
  replaceChildren(...parts) { this.children = parts; }
  addEventListener(name, listener) { this.listeners[name] = listener; }
  querySelector() { return this.children[0]?.children[0] ?? null; }
  click() { clicked.push(this.href); }
  focus() { clicked.push("focus"); }
}
const clicked = [];
const elements = {};
const document = {
  getElementById: (id) => (elements[id] ??= new Element()),
  createElement: () => new Element(),
};
const location = { hash: "#search" };
document.getElementById("things").textContent = THINGS;
"""
ASK = """
for (const asked of QUESTIONS) {
  elements.search.value = asked;
  elements.search.listeners.input();
  const links = elements.found.children.map((line) => line.children[0].children[0].textContent);
  console.log(JSON.stringify([elements.count.textContent, links]));
}
elements.search.value = QUESTIONS[0];
elements.search.listeners.input();
elements.search.listeners.keydown({ key: "Enter" });
console.log(JSON.stringify([elements.searching.hidden, clicked]));
"""


def scripts(index: str) -> tuple[str, str]:
    """Return the index of things, and the script that searches it."""
    data, script = re.findall(r"<script.*?>(.*?)</script>", index, re.DOTALL)
    return data, script


def things(index: str) -> dict[str, list[str]]:
    """Return the page's entry for each thing, by its name."""
    return {name: rest for name, *rest in json.loads(scripts(index)[0])}


def test_what_is_known() -> None:
    known = things(render_html(pages_of(example_contract()))["index.html"])
    assert known["shop.v1.Cart"][:2] == ["virtual object", "shop/v1/cart.proto.html#shop.v1.Cart"]
    kind, link, summary, words = known["shop.v1.Cart.AddTicket"]
    assert (kind, link) == ("handler", "shop/v1/cart.proto.html#shop.v1.Cart.AddTicket")
    assert summary.startswith("Reserves a ticket")
    assert "POST /shop.v1.Cart/{key}/AddTicket" in words
    kind, _, _, words = known["shop.v1.AddTicketRequest"]
    assert kind == "message"
    assert "ticket_id" in words.split()
    assert not known.keys() & {"messages", "enums", "shop.v1"}


def test_nothing_in_a_contract_ends_the_script(tmp_path: Path) -> None:
    (tmp_path / "t.proto").write_text(
        'syntax = "proto3"; package t.v1; import "restatepb/v1/options.proto";\n'
        "// </script><script>alert(1)</script> <!-- \u2028.\n"
        "service S { option (restatepb.v1.service) = {}; rpc Do(M) returns (M); }\n"
        "message M {}\n"
    )
    known = things(render_html(pages_of(load_contract(tmp_path)))["index.html"])
    assert known["t.v1.S"][2].startswith("</script><script>")


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed here")
def test_what_the_script_finds(tmp_path: Path) -> None:
    data, script = scripts(render_html(pages_of(example_contract()))["index.html"])
    questions = ["cart", "ADD  ticket", "ticket_id shop.v1.Ticket", "no such thing", " ", "e"]
    program = tmp_path / "search.mjs"
    browser = BROWSER.replace("THINGS", json.dumps(data))
    program.write_text(browser + script + ASK.replace("QUESTIONS", json.dumps(questions)))
    done = subprocess.run(["node", program], capture_output=True, text=True, check=True)
    found: list[Any] = [json.loads(line) for line in done.stdout.splitlines()]
    answers = dict(zip(questions, found, strict=False))
    assert answers["cart"][1][0] == "shop.v1.Cart"
    assert answers["ADD  ticket"][1][0] == "shop.v1.Cart.AddTicket"
    assert answers["ADD  ticket"][0] == f"{len(answers['ADD  ticket'][1])} found"
    assert answers["no such thing"] == ["Nothing found", []]
    assert answers[" "] == ["", []]
    assert answers["e"][0].endswith(" found, the first 50")
    assert len(answers["e"][1]) == 50
    assert found[-1] == [False, ["focus", "shop/v1/cart.proto.html#shop.v1.Cart"]]
