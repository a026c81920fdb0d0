"""Changes of `trips.py`, each of which makes its handlers do something else."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["HARMLESS", "MUTATIONS", "UNSEEN_WITHOUT_TEXTS", "Mutation"]


class Mutation(NamedTuple):
    """A change of a text.

    Args:
        what: what it changes.
        old: what is in the text, once.
        new: what takes its place.
    """

    what: str
    old: str
    new: str


QUOTE = '        price = await ctx.run("quote", effect, "quote")\n'
CHARGE = '        paid = await ctx.run("charge", effect, f"charge {price}")\n'
ECHO = (
    "        echo = await ClerkClient.from_context(ctx)"
    ".echo(Parcel(text=paid, number=parcel.number))\n"
)
NAP = '        await ctx.sleep(SOON, "a nap")\n'
FIRST = '        first = ctx.run("first", effect, "first")\n'
SECOND = '        second = ctx.run("second", effect, "second")\n'
NUMBER = '        await ctx.run(f"number {number}", effect, "number")\n'
RESOLVE = '        ctx.resolve_awakeable(parcel.note, Parcel(text="done"))\n'
ATTACH = "        await ctx.invocation(told).attach()\n"
KEYS = "        keys = await ctx.state_keys()\n"
SET_PARCEL = "        ctx.set(self.PARCEL, Parcel(number=len(keys)))\n"
CLEAR = "        ctx.clear(self.PARCEL)\n"
CALL = '        call = JourneyClient.from_context(ctx, ctx.key).run(Script(name="trip"))\n'
DECIDE = '        await go.decide(Parcel(text="yes"))\n'
SIGNAL = '        observer.signal(self.GO, Parcel(text="go on"))\n'
CANCEL = '        observer.cancel(name="enough")\n'
CLEAR_ALL = "        ctx.clear_all()\n"
LOOP = 'for text in ("one", "two"):'
SELECT = 'await select(approved=waits, late=ctx.sleep(LATER, "limit"))'
RESULT = "        return Parcel(text=paid, number=len(price))\n"
PEEK = "        seen = await ctx.promise(self.DECISION).peek()\n"

MUTATIONS = [
    # Conditions, and what is raised.
    Mutation("a condition is swapped", "if parcel.number > 100:", "if parcel.number <= 100:"),
    Mutation("a bound is moved", "parcel.number > 100", "parcel.number > 5"),
    Mutation(
        "it returns early",
        QUOTE,
        "        if parcel.number == 7:\n            return Parcel()\n" + QUOTE,
    ),
    Mutation("it fails for good", ECHO, "        raise TerminalError('no more')\n" + ECHO),
    Mutation("it fails", NAP, "        raise ValueError('a bug')\n" + NAP),
    Mutation("it fails at its end", RESULT, "        raise ValueError('a bug')\n"),
    Mutation(
        "another error is caught", "except TerminalError as error", "except KeyError as error"
    ),
    Mutation("an error is not looked at", 'f"compensate {error.code}"', '"compensate 500"'),
    # Runs.
    Mutation("a run is renamed", 'ctx.run("quote"', 'ctx.run("quotation"'),
    Mutation("a run is gone", QUOTE, '        price = "quote"\n'),
    Mutation(
        "a run is added before", QUOTE, '        await ctx.run("new", effect, "new")\n' + QUOTE
    ),
    Mutation(
        "a run is added in the end",
        RESULT,
        '        await ctx.run("new", effect, "new")\n' + RESULT,
    ),
    Mutation("runs are swapped", QUOTE + CHARGE, CHARGE.replace("{price}", "x") + QUOTE),
    Mutation("runs at once are swapped", FIRST + SECOND, SECOND + FIRST),
    Mutation("one of the runs at once is gone", SECOND, "        second = ctx.sleep(SOON)\n"),
    Mutation("a run is of another name each time", 'f"number {number}"', 'f"no {number}"'),
    Mutation("a run is a sleep", NUMBER, "        await ctx.sleep(SOON)\n"),
    # Random numbers.
    Mutation("random numbers are of another range", "randint(1, 1_000_000)", "randint(1, 999)"),
    Mutation(
        "a random number is drawn before",
        "        number = ctx",
        "        ctx.random.random()\n        number = ctx",
    ),
    # Time.
    Mutation("a sleep is gone", NAP, ""),
    Mutation("a sleep is renamed", '"a nap"', '"a rest"'),
    Mutation("a sleep is twice", NAP, NAP + NAP),
    Mutation("a sleep is before a call", ECHO + NAP, NAP + ECHO),
    Mutation("the time is asked for", NAP, "        await ctx.time()\n" + NAP),
    # Calls and messages.
    Mutation(
        "a call has another text", "text=paid, number=parcel", "text=paid + '!', number=parcel"
    ),
    Mutation("a call has another number", "number=parcel.number)", "number=parcel.number + 1)"),
    Mutation("a call is of another handler", ".echo(Parcel(text=paid", ".whisper(Parcel(text=paid"),
    Mutation(
        "a call is a message",
        "await ClerkClient.from_context(ctx).echo(",
        "ClerkClient.from_context(ctx).send().echo(",
    ),
    Mutation(
        "a call has an idempotency key",
        "number=parcel.number))",
        "number=parcel.number), idempotency_key='once')",
    ),
    Mutation(
        "a call has a header",
        "number=parcel.number))",
        "number=parcel.number), headers={'x-a': 'b'})",
    ),
    Mutation("a call is gone", ECHO, "        echo = Parcel(text=paid, number=parcel.number)\n"),
    Mutation(
        "a call is added",
        DECIDE,
        "        await ClerkClient.from_context(ctx).nothing()\n" + DECIDE,
    ),
    Mutation(
        "a message has another key", "from_context(ctx, parcel.text)", "from_context(ctx, 'other')"
    ),
    Mutation("a message has another payload", "input=echo)", "input=parcel)"),
    Mutation("a message has another name", 'name="tell"', 'name="inform"'),
    Mutation(
        "a message is gone",
        '        account.send().perform(Script(name="later", input=echo), delay=LATER)\n',
        "",
    ),
    Mutation(
        "a message is a call",
        'account.send().perform(Script(name="later", input=echo), delay=LATER)',
        'account.perform(Script(name="later", input=echo))',
    ),
    Mutation("it does not attach", ATTACH, ""),
    Mutation("it asks for the output", ".attach()", ".output()"),
    Mutation(
        "a workflow has another id",
        "from_context(ctx, ctx.key).run(",
        "from_context(ctx, 'x').run(",
    ),
    Mutation("a workflow has another request", 'Script(name="trip")', 'Script(name="tour")'),
    Mutation("a call is of another method", "go.decide(", "go.refuse("),
    Mutation("a call is not waited for", "await go.decide(", "go.send().decide("),
    # Awakeables, signals, promises.
    Mutation("an awakeable is resolved with something else", '"done"', '"finished"'),
    Mutation(
        "an awakeable is rejected", RESOLVE, "        ctx.reject_awakeable(parcel.note, 'no')\n"
    ),
    Mutation("an awakeable is not resolved", RESOLVE, ""),
    Mutation("an awakeable is resolved earlier", NUMBER + RESOLVE, RESOLVE + NUMBER),
    Mutation("another awakeable is resolved", "parcel.note,", "parcel.note[:-4] + 'AAAA',"),
    Mutation("a signal carries something else", '"go on"', '"go away"'),
    Mutation("a signal is not sent", SIGNAL, ""),
    Mutation("a signal is sent after", SIGNAL + CANCEL, CANCEL + SIGNAL),
    Mutation("a cancellation is not sent", CANCEL, ""),
    Mutation("it does not look at a promise", PEEK, "        seen = None\n"),
    Mutation("it looks at a promise twice", PEEK, PEEK + PEEK),
    Mutation(
        "it waits for another signal",
        "return await ctx.signal(self.GO)",
        'return await ctx.signal(type(self.GO)("halt", Parcel))',
    ),
    # State.
    Mutation(
        "another state is read",
        "await ctx.get(self.ENTRIES) or EntryList()",
        "EntryList() if await ctx.get(self.PARCEL) else EntryList()",
    ),
    Mutation("state is read twice", KEYS, "        await ctx.get(self.ENTRIES)\n" + KEYS),
    Mutation("a loop has another order", LOOP, 'for text in ("two", "one"):'),
    Mutation("a loop is shorter", LOOP, 'for text in ("one",):'),
    Mutation("a loop is longer", LOOP, 'for text in ("one", "two", "three"):'),
    Mutation("state has another value", 'f"{request.name} {text}"', 'f"{request.name}: {text}"'),
    Mutation("the keys are not asked for", KEYS, '        keys = ("entries",)\n'),
    Mutation("state has another number", "number=len(keys)", "number=len(keys) + 1"),
    Mutation("state is not cleared", CLEAR, ""),
    Mutation("another state is cleared", "ctx.clear(self.PARCEL)", "ctx.clear(self.ENTRIES)"),
    Mutation("state is set after it is cleared", SET_PARCEL + CLEAR, CLEAR + SET_PARCEL),
    Mutation("not all state is cleared", CLEAR_ALL, ""),
    Mutation("one state is cleared, and not all", "ctx.clear_all()", "ctx.clear(self.ENTRIES)"),
    # Where it waits.
    Mutation("it waits for less", SELECT, "await select(approved=waits)"),
    Mutation("a limit is renamed", '"limit"', '"deadline"'),
    Mutation("it does not wait", SELECT, '("late", None)'),
    Mutation("what it asks is renamed", 'ctx.run("ask"', 'ctx.run("beg"'),
]

HARMLESS = [
    Mutation("another result", "number=len(price))", "number=len(price) + 1)"),
    Mutation("a result that is a failure", RESULT, "        raise TerminalError('no more')\n"),
    Mutation("a message without its delay", ", delay=LATER", ""),
    Mutation("a message with a delay", 'nothing(name="tell")', 'nothing(name="tell", delay=LATER)'),
]

UNSEEN_WITHOUT_TEXTS = {"a loop has another order", "a workflow has another request"}
"""What changes only which letters are written, and is not found on redacted journals."""
