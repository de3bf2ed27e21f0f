# Two stages: what builds the environment does not run, and what runs cannot build.
FROM python:3.13-slim AS build
# `--build-arg REQUIREMENTS=tracing` adds the packages of TRACING.
ARG REQUIREMENTS=production
WORKDIR /srv/reslot
COPY requirements requirements
RUN python -m venv /srv/venv \
    && /srv/venv/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements/${REQUIREMENTS}.txt
COPY app app
# The texts that people read.
RUN /srv/venv/bin/pybabel --quiet compile --domain reslot --directory app/texts/locale

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home --home-dir /srv/reslot reslot
WORKDIR /srv/reslot
COPY --from=build /srv/venv /srv/venv
COPY alembic.ini ./
COPY migrations migrations
COPY --from=build /srv/reslot/app app
ENV PATH=/srv/venv/bin:$PATH \
    PYTHONPATH=/srv/reslot \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    DATA_DIR=/tmp/reslot
# By number: Kubernetes' runAsNonRoot cannot tell who a name is.
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ.get(\"PORT\", 8000)}/healthz', timeout=2)"]
ENTRYPOINT ["python", "-m", "app"]
CMD ["serve"]
