"""Serve the services of the public suite: `python -m conformance [--host HOST] [--port PORT] [NAME ...]`.

The defaults are the environment variables PORT and SERVICES, by which the suite's containers are
configured.
"""

from __future__ import annotations

import argparse
import os

from conformance.services import endpoint


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m conformance")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument(
        "--port", default=os.environ.get("PORT", "9080"), help="its port; 9080, or that of PORT"
    )
    parser.add_argument(
        "services", nargs="*", help="the services; all, or those of SERVICES, with commas between"
    )
    options = parser.parse_args()
    try:
        served = endpoint(options.services)
    except ValueError as error:
        parser.error(str(error))
    served.serve(f"{options.host}:{options.port}")


if __name__ == "__main__":
    main()
