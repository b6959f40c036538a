# syntax=docker/dockerfile:1
# One image for web, worker, beat and the one-shot commands; what a container does is its command.

FROM python:3.13-slim AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
RUN python -m venv /opt/venv
COPY requirements.txt constraints.txt /tmp/
RUN --mount=type=cache,target=/root/.cache/pip \
    /opt/venv/bin/pip install -r /tmp/requirements.txt -c /tmp/constraints.txt \
    && /opt/venv/bin/pip uninstall --yes pip

FROM python:3.13-slim AS app
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY manage.py ./
COPY docker ./docker
COPY templates ./templates
COPY static ./static
COPY accounts ./accounts
COPY convoys ./convoys
COPY convoytracker ./convoytracker
# Static files get the names that production serves them by; nothing of this step's settings stays.
RUN ENVIRONMENT=demo VAR_DIR=/tmp/build STATIC_ROOT=/app/staticfiles python manage.py collectstatic --noinput \
    && rm -rf /tmp/build \
    && python -m compileall -q accounts convoys convoytracker

FROM python:3.13-slim
RUN groupadd --gid 10001 convoys \
    && useradd --uid 10001 --gid convoys --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin convoys \
    && install -d -o convoys -g convoys -m 700 /var/lib/convoytracker
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ENVIRONMENT=production \
    VAR_DIR=/var/lib/convoytracker \
    STATIC_ROOT=/app/staticfiles \
    BEAT_SCHEDULE_FILE=/tmp/beat-schedule \
    GRANIAN_INTERFACE=wsgi \
    GRANIAN_HOST=0.0.0.0 \
    GRANIAN_PORT=8000 \
    GRANIAN_HTTP=1 \
    GRANIAN_WEBSOCKETS=false \
    GRANIAN_WORKERS=2 \
    GRANIAN_BLOCKING_THREADS=4 \
    GRANIAN_BACKPRESSURE=16 \
    GRANIAN_RESPAWN_FAILED_WORKERS=true
COPY --from=packages /opt/venv /opt/venv
COPY --from=app /app /app
WORKDIR /app
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --start-interval=2s --retries=3 \
    CMD ["python", "docker/healthcheck.py", "web"]
CMD ["granian", "convoytracker.wsgi:application"]
