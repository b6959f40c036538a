"""The project's settings for tests: a folder of their own, no broker unless REDIS_URL names one."""

import atexit
import os
import shutil
import tempfile

_var = tempfile.mkdtemp(prefix="ct-test-")
atexit.register(shutil.rmtree, _var, ignore_errors=True)
os.environ.update(ENVIRONMENT="test", VAR_DIR=_var)

from convoytracker.settings import *  # noqa: E402,F403
