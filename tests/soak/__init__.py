"""Every primitive of Restate under load, while processes are killed and connections are cut.

Clients outside have clerks carry out orders, and each effect is entered in a book once: into the state
of a virtual object. In the end the books of the clients, those of the objects, and the log of what was
done outside Restate must agree. `make soak` runs it; docs/reliability.md says what is promised.

```text
__main__        arguments, the phases, the report
services, app   the handlers; the endpoint, which processes serve that are killed
effects         the log of what runs have done outside Restate
operations      what a client does for each kind of order, and which effects must come of it
load            clients that have orders carried out, again until each is answered
proxy           cuts connections in the middle of frames, and stalls
faults          which process is killed when, by the seed
processes       an endpoint in processes of its own
census, leaks   what a process holds when nothing runs; what grows
audit           compares the books
```
"""
