"""The endpoint of the Python team: the services of polyglot/python/v1 on 127.0.0.1:$PORT."""

from __future__ import annotations

import os

from caller import Caller
from desk import Desk, Visitor
from services import Journey, JsonJourney, JsonLocker, JsonMirror, Locker, Mirror

from restate_proto import Endpoint

endpoint = Endpoint(
    *(Mirror(), Locker(), Journey(), JsonMirror(), JsonLocker(), JsonJourney(), Caller()),
    *(Desk(), Visitor()),
)

if __name__ == "__main__":
    endpoint.serve(f"127.0.0.1:{os.environ['PORT']}")
