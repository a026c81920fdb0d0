"""`replay`: runs the code of an endpoint on recorded journals, in this process."""

from __future__ import annotations

import asyncio
import re
from contextvars import copy_context
from pathlib import Path
from typing import TYPE_CHECKING

from restate_proto.errors import TerminalError
from restate_proto.ingress.introspection import RawJournal, UnreadableJournalError
from restate_proto.model.payload_codec import MARK, PayloadCodecError
from restate_proto.protocol import CANCEL_SIGNAL, MAX_VERSION, MIN_VERSION
from restate_proto.protocol.ids import invocation_id_bytes
from restate_proto.protocol.messages import UNDECODABLE, MessageType
from restate_proto.protocol.mismatch import HINT, summary
from restate_proto.protocol.payload_fields import parse_entry, payloads_of
from restate_proto.protocol.player import Player, is_command
from restate_proto.protocol.random_seed import random_seeds
from restate_proto.runtime.debug import JournalReplay, runtime_of_repetitions
from restate_proto.testing.journals.files import load_journals
from restate_proto.testing.journals.redaction import redact_message
from restate_proto.testing.journals.repair import ways_to_repair
from restate_proto.testing.journals.report import ReplayReport
from restate_proto.testing.journals.verdict import Outcome, Verdict
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from restate_proto.endpoint.endpoint import Endpoint
    from restate_proto.protocol.frames import Frame
    from restate_proto.runtime import BoundHandler
    from restate_proto.runtime.debug import ReplayEnd

__all__ = ["Replayer", "replay", "replay_journals"]

_FIRST_VERSION = 6
"""The protocol version assumed for invocations that have none yet: Restate 1.7's first."""

_REQUEST_KEY = re.compile(r"01[0-9A-HJKMNP-TV-Z]{24}")
"""An idempotency key that the server made for a request without one; handlers do not see it."""

_PREFIX = re.compile(r"^Journal mismatch at command \d+: ")


def replay(
    endpoint: Endpoint,
    journals: str | Path | Iterable[RawJournal],
    *,
    lifespan: bool = True,
) -> ReplayReport:
    """Run the code of an endpoint on journals that a server has recorded.

    ```python
    def test_yesterdays_journals() -> None:
        replay(endpoint, "tests/journals")
    ```

    Each handler runs as in an attempt of Restate's, from its first line to where its journal ends,
    and no further: functions of `ctx.run` are not called, and nothing is called, sent or stored. It
    starts an event loop, so call it where none is running.

    Args:
        endpoint: the endpoint.
        journals: the folder with the saved journals, one of its files, or the journals themselves.
        lifespan: whether to enter the endpoint's lifespan, and services that are asynchronous
            context managers, during the replay.

    Returns:
        The result for each journal.

    Raises:
        JournalsDifferError: the code does something else than a journal says.
        JournalFileError: there are no such files, or one of them is not a journal.
        LifespanError: the lifespan or a service could not be set up.
    """
    found = load_journals(journals) if isinstance(journals, str | Path) else journals
    report = asyncio.run(replay_journals(endpoint, found, lifespan=lifespan))
    report.raise_differences()
    return report


async def replay_journals(
    endpoint: Endpoint, journals: Iterable[RawJournal], *, lifespan: bool = True
) -> ReplayReport:
    """Replay journals like `replay`, in the running event loop; differences are not raised."""
    async with endpoint.application.open_handlers(lifespan=lifespan) as handlers:
        replayer = Replayer(handlers, asyncio.get_running_loop())
        return ReplayReport([replayer.replay(journal) for journal in journals])


class Replayer:
    """Runs handlers on journals.

    Args:
        handlers: the handlers, as returned by `Application.open_handlers`.
        loop: the running event loop.
    """

    def __init__(
        self, handlers: Mapping[str, BoundHandler], loop: asyncio.AbstractEventLoop
    ) -> None:
        self._handlers = handlers
        self._services = {name.rpartition("/")[0] for name in handlers}
        self._runtime = runtime_of_repetitions(loop)

    def replay(self, journal: RawJournal) -> Verdict:
        """Run the handler of an invocation on its journal."""
        if not journal.entries:
            return Verdict(journal, Outcome.NOT_BEGUN)
        if journal.handler.rpartition("/")[0] not in self._services:
            return Verdict(journal, Outcome.UNDECIDED, "this endpoint does not have the service")
        handler = self._handlers.get(journal.handler)
        if handler is None:
            return Verdict(journal, Outcome.DIFFERS, "this endpoint does not have the handler")
        version = journal.version or _FIRST_VERSION
        if not MIN_VERSION <= version <= MAX_VERSION:
            text = f"service protocol v{version} is not one of v{MIN_VERSION} to v{MAX_VERSION}"
            return Verdict(journal, Outcome.UNDECIDED, text)
        try:
            frames = journal.frames()
            _check_payloads(handler, frames)
        except UnreadableJournalError as error:
            return Verdict(journal, Outcome.UNDECIDED, str(error))
        return _Course(journal, handler, version, frames, self).verdict()

    def play(self, replay: JournalReplay) -> ReplayEnd:
        """Run a handler with context variables of its own."""
        copy_context().run(replay.play)
        return replay.end

    def attempt(
        self, handler: BoundHandler, version: int, recorded: Player, *, finds_end: bool = False
    ) -> JournalReplay:
        """Return an attempt, ready to be played."""
        return JournalReplay(handler, version, self._runtime, recorded, finds_end=finds_end)


def _check_payloads(handler: BoundHandler, frames: Sequence[Frame]) -> None:
    """Refuse payloads that were encoded by a codec, if the endpoint cannot decode them."""
    codecs = handler.payload_codecs
    for index, (type_, raw) in enumerate(frames):
        if MARK not in raw:
            continue
        try:
            message = parse_entry(type_, raw)
        except UNDECODABLE:
            continue  # the attempt will say so
        for payload in () if message is None else payloads_of(message):
            if not payload.startswith(MARK):
                continue
            if codecs is None:
                raise UnreadableJournalError(
                    f"the payload of entry {index} was encoded by a payload codec, and the endpoint "
                    "has none"
                )
            try:
                codecs.decode(payload)
            except PayloadCodecError as error:
                raise UnreadableJournalError(f"the payload of entry {index}: {error}") from None
            except TerminalError:
                pass  # it fails in every attempt alike


class _Course:
    """The course of a handler on one journal."""

    def __init__(
        self,
        journal: RawJournal,
        handler: BoundHandler,
        version: int,
        frames: list[Frame],
        replayer: Replayer,
    ) -> None:
        self._journal = journal
        self._handler = handler
        self._version = version
        self._frames = frames
        self._replayer = replayer
        self._commands = [index for index, (type_, _) in enumerate(frames) if is_command(type_)]
        seed = journal.invocation.get("random_seed")
        self._seeds = random_seeds(invocation_id_bytes(journal.id), journal.created_at)
        if seed is not None:
            self._seeds = seed, seed
        has_output = any(type_ == MessageType.OUTPUT for type_, _ in frames)
        self._output = self._commands[-1] if has_output else None

    def verdict(self) -> Verdict:
        """Return the result."""
        verdict = self._play(self._seeds[0])
        if verdict.outcome is not Outcome.DIFFERS:
            return verdict
        # The seed of its random numbers is the only unknown of an attempt.
        other = self._play(self._seeds[1])
        if other.outcome is not Outcome.DIFFERS:
            return other
        if other.text != verdict.text and self._journal.invocation.get("restarted_from"):
            return self._undecided(
                "it uses random numbers, whose seed may be that of the invocation that it was "
                "restarted from, and the table does not have it"
            )
        if not self._journal.is_faithful:
            return self._undecided("what its handler needs to take its way is redacted")
        return max(verdict, other, key=self._agreeing_entries)

    def _agreeing_entries(self, verdict: Verdict) -> int:
        """Return how many entries agree."""
        return len(self._frames) if verdict.entry is None else verdict.entry

    def _undecided(self, text: str) -> Verdict:
        return Verdict(self._journal, Outcome.UNDECIDED, text)

    def _play(self, seed: int, *, finds_end: bool = False) -> Verdict:
        recorded = Player.of_record(
            self._start(seed), self._frames, self._journal.awaited_ids, self._handler.payload_codecs
        )
        replayer = self._replayer
        attempt = replayer.attempt(self._handler, self._version, recorded, finds_end=finds_end)
        if self._journal.is_redacted:
            attempt.redact(redact_message)
        end = replayer.play(attempt)
        verdict = self._judge(recorded, attempt.player, end)
        if end.delays and verdict.outcome in {Outcome.ENDS, Outcome.WAITS, Outcome.GOES_ON}:
            return self._delay_verdict(*end.delays[0])
        is_lost = verdict.line is None and verdict.outcome in {
            Outcome.DIFFERS,
            Outcome.HARMLESS,
        }
        return self._play(seed, finds_end=True) if is_lost and not finds_end else verdict

    def _start(self, seed: int) -> pb.StartMessage:
        row = self._journal.invocation
        start = pb.StartMessage(
            id=invocation_id_bytes(self._journal.id),
            debug_id=self._journal.id,
            key=self._journal.key,
            random_seed=seed,
        )
        if self._version >= MAX_VERSION and row.get("vqueue_id"):  # else Restate does not say them
            for name in ("scope", "limit_key", "idempotency_key"):
                value = row.get(name)
                if value and not _REQUEST_KEY.fullmatch(value):
                    setattr(start, name, value)
        return start

    def _judge(self, recorded: Player, player: Player, end: ReplayEnd) -> Verdict:
        if end.error is not None:
            return self._judge_failure(recorded, end)
        if end.next is not None:
            return self._verdict_on_more(f"'{summary(*end.next)}'", end)
        ending = player.ending
        if ending is None:
            return self._undecided("the handler did not come to an end")
        if ending[0] == MessageType.END:
            return self._judge_end(recorded, player, end)
        if self._output is not None:
            return self._different(self._output, f"it waits for {recorded.awaited(player)}", end)
        if end.runs:
            names = ", ".join(f"'{name}'" for name in end.runs)
            return self._verdict_on_more(f"the function of ctx.run {names}", end)
        waits, waited = (each.awaited_ids - {CANCEL_SIGNAL} for each in (player, recorded))
        if recorded.ending is None or waits == waited:
            return Verdict(self._journal, Outcome.WAITS, line=end.line)
        text = f"it waits for {recorded.awaited(player)}, not for {recorded.awaited(recorded)}"
        return self._different(None, text, end)

    def _delay_verdict(self, commands: int, line: str | None) -> Verdict:
        entry = self._commands[commands]
        type_, payload = self._frames[entry]
        was = pb.OneWayCallCommandMessage.FromString(payload).invoke_time
        text = f"'{summary(type_, payload)}' is {'not delayed any more' if was else 'delayed now'}"
        return Verdict(self._journal, Outcome.HARMLESS, text, entry, line=line)

    def _judge_end(self, recorded: Player, player: Player, end: ReplayEnd) -> Verdict:
        if self._output is None:
            return Verdict(self._journal, Outcome.GOES_ON, "it ends", line=end.line)
        difference = recorded.difference(player)
        if difference is None:
            return Verdict(self._journal, Outcome.ENDS)
        text = f"another result: {_PREFIX.sub('', difference.text)}"
        return Verdict(self._journal, Outcome.HARMLESS, text, self._output, line=end.line)

    def _judge_failure(self, recorded: Player, end: ReplayEnd) -> Verdict:
        assert end.error is not None
        text = _PREFIX.sub("", end.error.message).removesuffix(HINT).rstrip()
        done = len(self._commands) - (self._output is not None)
        if end.commands < done:
            return self._different(self._commands[end.commands], text, end)
        if self._output is not None:
            return self._different(self._output, f"it fails: {text}", end)
        if self._journal.awaited_ids is not None:
            waited = recorded.awaited(recorded)
            return self._different(None, f"it fails, where it waited for {waited}: {text}", end)
        return Verdict(self._journal, Outcome.GOES_ON, f"it fails: {text}", line=end.line)

    def _verdict_on_more(self, what: str, end: ReplayEnd) -> Verdict:
        """Return the verdict on code that does more than the journal has."""
        if self._output is not None:
            return self._different(self._output, f"{what} is added, where it ended", end)
        return Verdict(self._journal, Outcome.GOES_ON, what, line=end.line)

    def _different(self, entry: int | None, text: str, end: ReplayEnd) -> Verdict:
        recorded = ""
        if entry is not None:
            try:
                recorded = summary(*self._frames[entry])
            except UNDECODABLE:
                recorded = "an entry that is not a message"
        repair = ways_to_repair(self._journal, self._frames, entry, end.line)
        return Verdict(self._journal, Outcome.DIFFERS, text, entry, recorded, end.line, repair)
