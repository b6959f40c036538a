"""What the processes of the chaos tests run with: the product's own settings, with shorter intervals.

ALERT_SWEEP_SECONDS, EMAIL_TIMEOUT and the addresses of all servers come from the environment, as in
a deployment. Leases, pauses and graces are the product's: the tests step the clock instead.
"""

from convoytracker.settings import *  # noqa: F403
from convoytracker.settings import CELERY_BEAT_SCHEDULE

CELERY_BEAT_SCHEDULE["recover"] |= {"schedule": 1, "options": {"expires": 2}}
