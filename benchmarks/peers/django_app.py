"""What granian runs for `raw` and `stock`."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.peers.settings"

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
