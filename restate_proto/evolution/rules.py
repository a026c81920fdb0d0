"""The rules: which changes are reported, what each breaks, and the safe way to the same goal.

Two facts explain most of them. First, an invocation stays on the deployment that it began on; an
invocation that has not begun, because it is delayed or waits for its key, begins on the newest
deployment. Second, Restate finds state, promises and handlers by their names.
tests/cli/test_breaking_server.py shows on a real server what the rules say about Restate.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["RULES", "Rule", "Severity"]


class Severity(Enum):
    """What a finding means for CI."""

    BREAKING = "breaking"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of change.

    Args:
        id: its name, such as `STATE_REMOVED`.
        what: the change, for the table in the docs.
        why: what breaks.
        safe_way: what to do instead; placeholders such as `{old}` are filled in.
        severity: whether it fails the check.
    """

    id: str
    what: str
    why: str
    safe_way: str
    severity: Severity = Severity.BREAKING


_STILL_SENT = (
    "Invocations that are delayed or wait for their key begin on the newest deployment, which "
    "answers 404: they are retried, and those of an exclusive handler keep their key from all "
    "others meanwhile. Callers outside get 404; handlers that call it are retried."
)
_UNTIL_UNUSED = (
    "until nobody calls it and `SELECT id FROM sys_invocation WHERE target_service_name = "
    "'{service}'{and_handler} AND status <> 'completed'` finds nothing; then accept this finding "
    "with --ignore"
)
_NEW_TYPE_BESIDE = (
    "add fields to the old message; or keep the handler and add one with the new message beside it"
)
_WAITS_ELSEWHERE = (
    "An invocation that waits for it stays on its old deployment, but code that completes it runs "
    "on the newest. "
)

RULES: dict[str, Rule] = {
    rule.id: rule
    for rule in (
        Rule(
            "SERVICE_REMOVED",
            "a service is gone, or is no longer Restate's",
            "Delayed and queued invocations and all callers address it by its name, and state is "
            "kept under it. Restate serves them from the last deployment that has the service; "
            "once that is gone, callers get 404 and invocations are retried.",
            "keep it, with `option deprecated = true`, and its deployment, " + _UNTIL_UNUSED,
        ),
        Rule(
            "SERVICE_RENAMED",
            "a service has another Restate name",
            "Restate finds state, promises and invocations by the service's name. Under the new "
            "one every object starts empty, and what was sent to the old one, or still is, does "
            "not arrive.",
            'keep the Restate name: write name: "{old}" in its option',
        ),
        Rule(
            "SERVICE_KIND_CHANGED",
            "a service, object or workflow changed its kind",
            "Restate refuses to register the new deployment (409, META0006). Where it is forced, "
            "state and invocations of the old kind have no place in the new one.",
            "leave it as it is, and add a service of the new kind with another name beside it",
        ),
        Rule(
            "ENCODING_CHANGED",
            "`encoding` changed",
            "State, promises, recorded results and delayed requests are there in the old encoding, "
            "and clients of the old contract go on writing it. Python handlers recognize either; "
            "other languages' need not. Redeployed in place, begun invocations that have called, "
            "sent or set state fail with a journal mismatch (570).",
            "keep the encoding: handlers take and answer both, whatever the contract says. Where "
            "it has to be the other, add a service beside it",
        ),
        Rule(
            "HANDLER_REMOVED",
            "a handler is gone",
            _STILL_SENT,
            "keep it, with `option deprecated = true`, " + _UNTIL_UNUSED,
        ),
        Rule(
            "HANDLER_RENAMED",
            "a handler has another Restate name",
            _STILL_SENT,
            'keep the Restate name: write option (restatepb.v1.handler) = {{ name: "{old}" }}; '
            "in it",
        ),
        Rule(
            "HANDLER_KIND_CHANGED",
            "a handler became exclusive, shared or the run handler",
            "",  # depends on the kinds
            "leave it as it is, and add a handler of the new kind beside it",
        ),
        Rule(
            "REQUEST_TYPE_CHANGED",
            "a handler takes another message, which is read differently",
            "Requests of the old type are still to come: of delayed and queued invocations, which "
            "begin on the newest deployment, and of clients of the old contract. Read as the new "
            "type, fields are lost or mixed up without an error, or the request is refused (400).",
            _NEW_TYPE_BESIDE,
        ),
        Rule(
            "RULES_TIGHTENED",
            "a rule of `buf.validate` was added for a request, or may refuse more",
            "Requests that were taken may be refused (400): those of clients of the old contract, "
            "and those of delayed and queued invocations of {uses}, which begin on the newest "
            "deployment and end there without a retry. Invocations that have begun are not "
            "validated again.",
            "keep the rule, and add a handler with a request of its own for the stricter one; or "
            "accept this finding with --ignore once nothing is sent that breaks it",
        ),
        Rule(
            "RESPONSE_TYPE_CHANGED",
            "a handler returns another message, which is read differently",
            "Clients of the old contract, handlers in flight among them, read the answer as the "
            "old type. Clients of the new one get recorded answers of the old type: of a workflow, "
            "of an idempotency key, of an invocation that they attach to.",
            _NEW_TYPE_BESIDE,
        ),
        Rule(
            "RAW_CHANGED",
            "`raw` of a handler is new, is gone, or has another content type",
            "",  # depends on what changed
            "leave the handler as it is, and add one beside it",
        ),
        Rule(
            "KEY_FIELD_CHANGED",
            "`(restatepb.v1.key)` marks another field of a request, or none",
            "",  # depends on what changed
            "leave the mark where it is, and add a handler with a request of its own for the other "
            "key",
        ),
        Rule(
            "KEY_FORMAT_CHANGED",
            "`key` of an object or a workflow has another format, type of a field or fixed text, is "
            "new or is gone",
            "",  # depends on what changed
            "leave the key as it is, and add an object or a workflow with the other key beside it, "
            "which gets its state from the old one",
        ),
        Rule(
            "INGRESS_CLOSED",
            "`ingress_private` was turned on",
            "Calls from outside get 400 (the invoked service is not public).",
            "add a private handler beside it for those who call from inside, and close this one "
            "when nobody outside calls it",
        ),
        Rule(
            "CANCELLATION_CHANGED",
            "`cancellation` became explicit or implicit",
            "",  # depends on which
            "leave it as it is, and add a handler that is cancelled the other way beside it",
            Severity.WARNING,
        ),
        Rule(
            "STATE_REMOVED",
            "a state key is no longer declared",
            "Its stored values stay: no code reads them, invocations on the old deployment "
            "still write them, and a later state of that name would read them as its own.",
            "keep it declared until the handlers have moved or cleared it for each key; then "
            "accept this finding with --ignore",
        ),
        Rule(
            "STATE_RENAMED",
            "a state key has another name",
            "Stored values are under the old name: under the new one, each object starts without "
            "them.",
            'keep the name "{old}"; or declare both, and let the handlers read the new key, else '
            "the old one, and clear the old one when they set the new",
        ),
        Rule(
            "STATE_TYPE_CHANGED",
            "a state key has another message, which is read differently",
            "Stored values were written as the old type, and invocations that are still on the "
            "old deployment read and write it. Read as the other type, fields are lost or mixed up "
            "without an error; if the bytes do not parse, the handler is retried and keeps its "
            "key from all others.",
            'add fields to the old message; or declare a second state, such as "{old}-2", and let '
            "the handlers read it, else the old one, and clear the old one when they set it",
        ),
        Rule(
            "PROMISE_REMOVED",
            "a promise is no longer declared",
            _WAITS_ELSEWHERE + "Nothing resolves the promise that begun workflows wait for.",
            "keep it, and the code that resolves it, until the workflows that began with it have "
            "finished; then accept this finding with --ignore",
        ),
        Rule(
            "PROMISE_RENAMED",
            "a promise has another name",
            _WAITS_ELSEWHERE + "Begun workflows wait for the old name for ever.",
            'keep the name "{old}"; or declare both and resolve both until the workflows that '
            "began with the old one have finished",
        ),
        Rule(
            "PROMISE_TYPE_CHANGED",
            "a promise has another message, which is read differently",
            _WAITS_ELSEWHERE + "What one writes, the other reads as the other type: fields are "
            "lost or mixed up without an error, or the workflow is retried.",
            'add fields to the old message; or declare a second promise, such as "{old}-2", and '
            "resolve both until the workflows that began with the old one have finished",
        ),
        Rule(
            "SIGNAL_REMOVED",
            "a signal is no longer declared",
            _WAITS_ELSEWHERE + "Nothing sends the signal that begun invocations wait for.",
            "keep it, and the code that sends it, until the invocations that wait for it have "
            "finished; then accept this finding with --ignore",
        ),
        Rule(
            "SIGNAL_RENAMED",
            "a signal has another name",
            _WAITS_ELSEWHERE + "Begun invocations wait for the old name for ever.",
            'keep the name "{old}"; or declare both and send both until the invocations that wait '
            "for the old one have finished",
        ),
        Rule(
            "SIGNAL_TYPE_CHANGED",
            "a signal has another message, which is read differently",
            _WAITS_ELSEWHERE + "What one writes, the other reads as the other type: fields are "
            "lost or mixed up without an error, or the invocation is retried.",
            'add fields to the old message; or declare a second signal, such as "{old}-2", and '
            "send both until the invocations that wait for the old one have finished",
        ),
        Rule(
            "ERROR_REMOVED",
            "a handler no longer declares an error",
            "Callers tell a failure by the name of its type. Those of the old contract get another "
            "error for it, or a plain one, and what they do for this one is not done. Failures that "
            "are recorded, of a workflow or an idempotency key, still have the type.",
            "keep it declared, with its message, until nobody catches it; then accept this finding "
            "with --ignore",
        ),
        Rule(
            "ERROR_CODE_CHANGED",
            "an error has another code",
            "Callers that go by the HTTP status, curl and proxies among them, take it for another "
            "failure. Recorded failures keep the old code.",
            "keep the code; or declare an error of another message beside it",
            Severity.WARNING,
        ),
        Rule(
            "AWAKEABLE_TYPE_CHANGED",
            "a field holds the id of an awakeable of another message, which is read differently",
            _WAITS_ELSEWHERE + "What one writes, the other reads as the other type: fields are "
            "lost or mixed up without an error, or whoever waits gets a failure (400).",
            'add fields to the old message; or mark a second field beside "{old}", and resolve both '
            "until nobody waits for the old one",
        ),
        Rule(
            "MESSAGE_CHANGED",
            "a message that Restate keeps is read differently in the encoding it is kept in",
            "Payloads of it are at rest or under way ({uses}). Read with the new message, or "
            "those of the new one with the old, the field is lost or mixed up without an error, "
            "or the payload does not parse.",
            "{remedy}",
        ),
        Rule(
            "FIELD_WIDENED",
            "a field of a message that Restate keeps has a type that holds more",
            "Payloads of it are at rest or under way ({uses}). New code reads the old ones, but old "
            "code meets new ones as well: handlers on the old deployment and clients of the old "
            "contract. A value that does not fit the old type is cut off without an error, or the "
            "payload does not parse.",
            "{remedy}",
            Severity.WARNING,
        ),
        Rule(
            "TYPE_RENAMED",
            "a state, promise, signal or awakeable has a message of another name, which is read alike",
            "Payloads do not say what type they are, so this breaks nothing if it is the same "
            "message under another name, and mixes up data if it is another one.",
            "nothing to do for a message that was renamed or moved; for another one, declare a "
            'second name, such as "{old}-2"',
            Severity.WARNING,
        ),
        Rule(
            "RETENTION_SHORTENED",
            "a retention is shorter",
            "",  # depends on the retention
            "keep it as long as somebody may come back to the invocation",
            Severity.WARNING,
        ),
    )
}
"""All rules by their ids, in the order of the docs."""
