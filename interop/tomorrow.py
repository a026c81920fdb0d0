"""Send requests of a later contract's clients to today's services, from outside."""

from __future__ import annotations

import asyncio
import http.client
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from google.protobuf.json_format import MessageToJson, Parse

from interop.cells import Cell, Outcome, Problem
from interop.reading import differences, read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from interop.contract import Contract
    from interop.languages import Language

_SECONDS = 600

PROBES = {
    "application/protobuf": "binary with this content type is taken",
    "new fields": "binary with unknown fields is read",
    "kept": "and they come back",
    "new JSON fields": "JSON with unknown fields is read",
    "new JSON enum": "JSON with unknown names of enum values is read",
}
"""The requests to each language, and what each of them shows."""


@dataclass(frozen=True)
class _RefusedError(Exception):
    status: int
    text: str

    def __str__(self) -> str:
        return f"[{self.status}] {self.text}"


class Tomorrow:
    """Probes the plain services of each language.

    Args:
        ingress_url: where the server's ingress is.
        contract: today's contract.
    """

    def __init__(self, ingress_url: str, contract: Contract) -> None:
        self._host = urlsplit(ingress_url).netloc
        self._today = contract
        self._tomorrow = contract.of_tomorrow()

    async def play(self, languages: Sequence[Language]) -> list[Outcome]:
        """Make every probe at every language, one after the other."""
        return [
            await asyncio.to_thread(self._probe, language, probe)
            for language in languages
            for probe in PROBES
        ]

    def _probe(self, language: Language, probe: str) -> Outcome:
        json = "JSON" in probe
        cell = Cell("ingress", language.name, "json" if json else "binary", "service", probe)
        sent = self._sent(probe)
        try:
            if json:
                view, expected = self._exchange_json(language, sent)
            else:
                view, expected = self._exchange_binary(language, sent)
        except (_RefusedError, OSError, http.client.HTTPException, ValueError) as error:
            problems = [Problem(probe, "call", "failed", str(error))]
        else:
            different = differences(expected, dict(view.fields))
            problems = [Problem(probe, "callee", item.path, str(item)) for item in different]
            if probe == "kept" and read(view.values) != read(sent):
                problems.append(Problem(probe, "callee", "values", "the new fields were dropped"))
        return Outcome(cell, problems)

    def _sent(self, probe: str) -> Any:
        values = self._tomorrow.values(string_value="known")
        if probe == "new JSON enum":
            values.color = 7
            values.colors.extend([1, 7, 2])
            values.color_by_id[1] = 7
        elif "/" not in probe:
            values.of_tomorrow = "new"
            values.nested.of_tomorrow = "new"
            values.nested.child.of_tomorrow = "new"
        return values

    def _exchange_binary(self, language: Language, sent: Any) -> tuple[Any, Any]:
        body = sent.SerializeToString()
        answer = self._post(f"{language.package}.Mirror", "application/protobuf", body)
        expected = self._today.values.FromString(body)
        return self._tomorrow.view.FromString(answer), read(expected)

    def _exchange_json(self, language: Language, sent: Any) -> tuple[Any, Any]:
        body = MessageToJson(sent)
        answer = self._post(f"{language.package}.JsonMirror", "application/json", body.encode())
        expected = Parse(body, self._today.values(), ignore_unknown_fields=True)
        return Parse(answer, self._tomorrow.view()), read(expected)

    def _post(self, service: str, type_: str, body: bytes) -> bytes:
        connection = http.client.HTTPConnection(self._host, timeout=_SECONDS)
        try:
            headers = {"content-type": type_, "accept": "*/*"}
            connection.request("POST", f"/{service}/Reflect", body, headers)
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        if response.status != http.client.OK:
            raise _RefusedError(response.status, answer.decode(errors="replace"))
        return answer
