"""OpenTelemetry spans and metrics of attempts, runs and calls. They need the extra `otel`.

```python
from restate_proto.otel import Metrics, Tracing

endpoint = Endpoint(Cart(), interceptors=[Tracing(), Metrics()])
client = IngressClient("http://127.0.0.1:8080", interceptors=[Tracing(), Metrics()])
```
"""

from __future__ import annotations

from importlib.util import find_spec

if find_spec("opentelemetry") is None:
    raise ImportError(
        "restate_proto.otel needs opentelemetry-api: run `pip install 'restate-proto[otel]'`"
    )

from restate_proto.otel.metrics import Metrics
from restate_proto.otel.tracing import Tracing

__all__ = ["Metrics", "Tracing"]
