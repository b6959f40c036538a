"""A container's health: `healthcheck.py web` asks the server, `healthcheck.py pulse` looks at the pulse file.

Plain Python on purpose: it runs every few seconds beside the process that it checks.
"""

import http.client
import os
import sys
import time
from urllib.parse import urlsplit

OLDEST_PULSE_SECONDS = 90


def web() -> str | None:
    """What is wrong with the web server of this container, if anything."""
    host = urlsplit(os.environ.get("SITE_URL", "")).netloc or "127.0.0.1"
    connection = http.client.HTTPConnection(
        "127.0.0.1", int(os.environ.get("GRANIAN_PORT", "8000")), timeout=4
    )
    try:
        connection.request("GET", "/healthz", headers={"Host": host})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"no answer: {error}"
    return None if status == http.HTTPStatus.OK else f"answered {status}"


def pulse() -> str | None:
    """What is wrong with the worker or beat of this container, if anything."""
    try:
        age = time.time() - os.stat(os.environ["PULSE_FILE"]).st_mtime
    except (OSError, KeyError) as error:
        return f"no pulse: {error}"
    return None if age < OLDEST_PULSE_SECONDS else f"last pulse {age:.0f} s ago"


if __name__ == "__main__":
    problem = {"web": web, "pulse": pulse}[sys.argv[1]]()
    sys.exit(problem)
