# The project's image: Airflow, dbt and Gofal from the same hashed lock as a developer's environment.
#   docker build -t gofal .
# Behind a package mirror: docker build --secret id=pip_conf,src=$HOME/.config/pip/pip.conf --build-arg UV_DEFAULT_INDEX=… .

FROM python:3.11-slim AS build
ARG UV_DEFAULT_INDEX=
ENV UV_LINK_MODE=copy UV_NO_CACHE=1
WORKDIR /opt/gofal
# uv itself comes from the package index by its own hashed lock. The locks come before the code, so that a change of
# code does not install everything anew.
COPY requirements-tools.lock requirements.lock ./
RUN --mount=type=secret,id=pip_conf,target=/root/.config/pip/pip.conf,required=false \
    python -m venv /opt/tools \
 && /opt/tools/bin/pip install --quiet --no-cache-dir --disable-pip-version-check --require-hashes -r requirements-tools.lock \
 && /opt/tools/bin/uv venv --quiet --python /usr/local/bin/python /opt/venv \
 && /opt/tools/bin/uv pip sync --quiet --require-hashes --compile-bytecode --python /opt/venv/bin/python requirements.lock
COPY . .
# Editable: the DAGs, the dbt project and the seeds are read from /opt/gofal as they are from a checkout.
RUN /opt/tools/bin/uv pip install --quiet --no-deps --python /opt/venv/bin/python --editable . \
 && /opt/venv/bin/python -m compileall -q ingestion expectations dags

FROM python:3.11-slim
ARG REVISION=unknown
LABEL org.opencontainers.image.title="gofal" org.opencontainers.image.revision="$REVISION"
# Nobody in particular, with a number so that a cluster can see it is not root. The volumes take the owner of these folders.
RUN useradd --uid 50000 --create-home --shell /usr/sbin/nologin gofal \
 && install -d -o gofal -g gofal /var/lib/gofal /var/lib/airflow
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/gofal /opt/gofal
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    AIRFLOW_HOME=/var/lib/airflow \
    GOFAL_HOME=/var/lib/gofal \
    DO_NOT_TRACK=1 \
    GX_ANALYTICS_ENABLED=False \
    DBT_SEND_ANONYMOUS_USAGE_STATS=False
WORKDIR /opt/gofal
USER 50000
CMD ["gofal", "--help"]
