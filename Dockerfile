# syntax=docker/dockerfile:1
# Steadyrun in one image; its command says what a container is: web (the default), worker, beat or prepare.
#   docker build --tag steadyrun .
# `pooler` is a second image, PgBouncer of Debian: docker build --target pooler --tag steadyrun-pooler .

ARG PYTHON_IMAGE=docker.io/library/python:3.11-slim-bookworm

# What is installed here stays here; only its results are taken over.
FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /opt/steadyrun
# Each file is known by its hash. Node is needed for the front-end packages only, in an environment of its own.
COPY requirements/base.txt requirements/node.txt requirements/
RUN python3 -m venv /opt/venv && /opt/venv/bin/python -m pip install --require-hashes --no-deps -r requirements/base.txt
RUN python3 -m venv /opt/node && /opt/node/bin/python -m pip install --require-hashes --no-deps -r requirements/node.txt
COPY package.json package-lock.json .npmrc ./
COPY .ci/npm.py .ci/
RUN /opt/node/bin/python .ci/npm.py ci --no-progress
COPY . .
RUN /opt/venv/bin/python -m config.fonts \
    && SECRET_KEY=of-the-build-alone STATIC_FOLDER=/opt/static /opt/venv/bin/python manage.py collectstatic --noinput --verbosity 0 \
    && rm -rf node_modules .ci requirements/node.txt \
    && /opt/venv/bin/python -m pip uninstall --yes --quiet setuptools pip \
    && /opt/venv/bin/python -m compileall -q -j 0 /opt/venv/lib /opt/steadyrun

# PgBouncer, for many web processes: the version that the tests run with.
FROM ${PYTHON_IMAGE} AS pooler
RUN apt-get update \
    && apt-get install --yes --no-install-recommends pgbouncer \
    && rm -rf /var/lib/apt/lists/*
COPY deploy/pgbouncer/start /usr/local/bin/start-pgbouncer
USER postgres
EXPOSE 6432
# Lets what is under way come to its end; SIGTERM would cut it off.
STOPSIGNAL SIGINT
CMD ["sh", "/usr/local/bin/start-pgbouncer"]

FROM ${PYTHON_IMAGE} AS steadyrun
# The base image brings an installer, which nothing needs any more.
RUN rm -rf /usr/local/lib/python3*/site-packages/pip* /usr/local/lib/python3*/site-packages/setuptools* /usr/local/bin/pip* \
    && groupadd --gid 10001 steadyrun \
    && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin steadyrun \
    && install -d -o steadyrun -g steadyrun -m 0700 /data
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/static /opt/static
COPY --from=build /opt/steadyrun /opt/steadyrun
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    STEADYRUN_HOME=/data \
    STATIC_FOLDER=/opt/static \
    STEADYRUN_ALIVE_FILE=/tmp/alive \
    HOST=0.0.0.0 \
    PORT=8000
WORKDIR /opt/steadyrun
# By number, so that an orchestrator can see that it is not root.
USER 10001:10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
# Of the web process; worker and beat have `python -m config.aliveness` (compose.yaml).
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/healthz', timeout=4)"]
CMD ["python", "-m", "gunicorn", "--config", "python:config.gunicorn", "config.wsgi:application"]
