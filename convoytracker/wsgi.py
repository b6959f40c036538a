"""What the web server runs."""

import os

from django.core.wsgi import get_wsgi_application
from granian.utils.proxies import wrap_wsgi_with_proxy_headers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "convoytracker.settings")
_django = get_wsgi_application()

from django.conf import settings  # noqa: E402 - settings are read once the module is named above

# A forwarded address or scheme counts only where a proxy that we trust says it.
application = wrap_wsgi_with_proxy_headers(_django, trusted_hosts=settings.TRUSTED_PROXIES)
