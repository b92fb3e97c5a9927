# One image for every role: servers of Airflow, workers, and the OCR runtime. docs/image.md says what is in it.
#
#   make image                      docker or podman, whichever is there
#   make image GPU=1                ONNX Runtime with CUDA and cuDNN
#   make image CLOUDS=1             also the object stores of Google and Azure
#   make image LANGUAGES="ell rus"  more of Tesseract's language packs

# Whatever has Python 3.11 as `python3` and Debian's package manager.
ARG BASE_IMAGE=python:3.11-slim-bookworm


# --- what compiles and installs; none of it is in the image -----------------------------------------------
FROM ${BASE_IMAGE} AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
    # The certificates of the system, among which those of a company's proxy are.
    UV_SYSTEM_CERTS=true UV_LINK_MODE=copy
# mysqlclient is compiled. Debian splits the headers and ensurepip off Python; the official images have both.
# A base image's certificates are left as they are: an upgrade would write them anew, without those of a proxy.
# Of libGL, only the two libraries that OpenCV is linked with: their packages bring 170 MB of Mesa and LLVM.
RUN set -eu; \
    apt-get update -q; \
    [ -s /etc/ssl/certs/ca-certificates.crt ] || certificates=ca-certificates; \
    python3 -c 'import os, sysconfig; os.stat(sysconfig.get_path("include") + "/Python.h"); import ensurepip' \
        2>/dev/null || debian_python="python3-dev python3-venv"; \
    apt-get install -q -y --no-install-recommends \
        gcc libc6-dev default-libmysqlclient-dev pkg-config ${debian_python:-} ${certificates:-}; \
    cd /tmp; \
    apt-get download -q libgl1 libglx0; \
    for package in libgl1_*.deb libglx0_*.deb; do dpkg-deb -x "$package" gl; done; \
    mkdir -p /opt/gl; \
    cp -d gl/usr/lib/*/*.so.* /opt/gl/; \
    rm -rf /tmp/gl /tmp/*.deb /var/lib/apt/lists/*
COPY requirements-bootstrap.txt /build/
RUN python3 -m venv /build/bootstrap && \
    /build/bootstrap/bin/python -m pip install -q --no-cache-dir --require-hashes --no-deps \
        -r /build/requirements-bootstrap.txt
# Installs a lock file into an environment as stack/setup.sh does: without --no-deps, a replaced OpenCV would come
# back. Bytecode is compiled here, as a read-only root file system cannot take it later. The tests that four
# packages install along with themselves would be 165 MB.
COPY containers/install-locked /build/


FROM builder AS airflow-environment
ARG CLOUDS=0
COPY requirements.txt requirements-clouds.txt /build/
RUN --mount=type=cache,target=/root/.cache/uv \
    sh /build/install-locked /opt/textmill/venv/airflow requirements.txt && \
    if [ "$CLOUDS" = 1 ]; then sh /build/install-locked /opt/textmill/venv/airflow requirements-clouds.txt; fi


FROM builder AS ocr-environment
ARG GPU=0
COPY requirements-ocr.txt requirements-ocr-gpu.txt /build/
RUN --mount=type=cache,target=/root/.cache/uv \
    if [ "$GPU" = 1 ]; then lock=requirements-ocr-gpu.txt; else lock=requirements-ocr.txt; fi; \
    sh /build/install-locked /opt/textmill/venv/ocr "$lock"


FROM ocr-environment AS models
# What textmill.engines.models imports, and no more: a change of anything else does not come by here.
COPY include/textmill/__init__.py include/textmill/confidence.py include/textmill/errors.py \
     include/textmill/page.py include/textmill/records.py include/textmill/settings.py /build/include/textmill/
COPY include/textmill/engines/__init__.py include/textmill/engines/model_description.py \
     include/textmill/engines/models.py include/textmill/engines/networks.py include/textmill/engines/protocol.py \
     /build/include/textmill/engines/
RUN PYTHONPATH=/build/include /opt/textmill/venv/ocr/bin/python -m textmill.engines.models --out /opt/textmill/models


FROM models AS quantised-models
COPY include/textmill/engines/line_samples.py include/textmill/engines/line_samples.zip \
     include/textmill/engines/openvino_networks.py include/textmill/engines/quantising.py \
     /build/include/textmill/engines/
RUN PYTHONPATH=/build/include /opt/textmill/venv/ocr/bin/python -m textmill.engines.quantising \
    /opt/textmill/models/*_rec


FROM ocr-environment AS ocr-runtime
# The weights of the first are in the models' folder now; the others were needed to quantise them, 180 MB in all.
RUN /build/bootstrap/bin/uv pip uninstall -q --python /opt/textmill/venv/ocr/bin/python rapidocr \
    nncf scipy scikit-learn joblib threadpoolctl networkx ninja pydot narwhals cloudpickle


# --- our own code, readable for every account and compiled, whatever the checkout's modes are ----------------
FROM builder AS code
WORKDIR /opt/textmill
COPY samples samples/
COPY include include/
COPY plugins plugins/
COPY containers containers/
# Hashes instead of times: those of a checkout are those of the checkout.
RUN chmod -R u=rwX,go=rX . && \
    python3 -m compileall -q -j 0 --invalidation-mode checked-hash include plugins containers
COPY dags dags/
RUN chmod -R u=rwX,go=rX dags && python3 -m compileall -q --invalidation-mode checked-hash dags


# --- the image ----------------------------------------------------------------------------------------------
FROM ${BASE_IMAGE} AS final
ARG LANGUAGES=""
COPY --from=builder /opt/gl/ /usr/local/lib/
RUN set -eu; \
    apt-get update -q; \
    [ -s /etc/ssl/certs/ca-certificates.crt ] || certificates=ca-certificates; \
    for language in $LANGUAGES; do \
        packs="${packs:-} tesseract-ocr-$(echo "$language" | tr 'A-Z_' 'a-z-')"; \
    done; \
    apt-get install -q -y --no-install-recommends \
        tini tesseract-ocr poppler-utils libmagic1 libmariadb3 libglvnd0 libx11-6 libglib2.0-0 \
        ${packs:-} ${certificates:-}; \
    rm -rf /var/lib/apt/lists/* /var/cache/debconf/*-old /var/log/*.log /var/log/apt; \
    ldconfig; \
    # Nobody becomes root in here.
    find / -xdev -type f -perm /6000 -exec chmod a-s {} +; \
    echo "textmill:x:50000:0:Textmill:/opt/airflow:/usr/sbin/nologin" >> /etc/passwd; \
    # Any account may run it whose group is 0, as OpenShift's do: what the owner may, the group may.
    for folder in /opt/airflow /opt/airflow/logs /var/lib/textmill /var/lib/textmill/staging \
            /var/lib/textmill/exports /run/textmill; do \
        install -d -o 50000 -g 0 -m 0775 "$folder"; \
    done; \
    # A fresh volume becomes what the folder is on which it is mounted first: so whichever service is the first,
    # the one that generates secrets may write to it, as a member of the group and without any capability.
    for audience in metadata broker warehouse airflow ui; do \
        install -d -o 50000 -g 0 -m 0770 "/run/secrets/$audience"; \
    done

COPY --from=airflow-environment /opt/textmill/venv/airflow /opt/textmill/venv/airflow
COPY --from=ocr-runtime /opt/textmill/venv/ocr /opt/textmill/venv/ocr
COPY --from=quantised-models /opt/textmill/models /opt/textmill/models

ENV PATH=/opt/textmill/venv/airflow/bin:$PATH \
    PYTHONPATH=/opt/textmill/include:/opt/textmill \
    PYTHONUNBUFFERED=1 \
    LANG=C.UTF-8 \
    HOME=/opt/airflow \
    AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/textmill/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/textmill/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    AIRFLOW__LOGGING__BASE_LOG_FOLDER=/opt/airflow/logs \
    GX_ANALYTICS_ENABLED=false \
    TEXTMILL_STAGING_DIR=/var/lib/textmill/staging \
    TEXTMILL_EXPORTS=/var/lib/textmill/exports \
    TEXTMILL_MODELS_DIR=/opt/textmill/models \
    TEXTMILL_OCR_PYTHON=/opt/textmill/venv/ocr/bin/python \
    TEXTMILL_DEFAULT_SOURCE=/opt/textmill/samples \
    TEXTMILL_SOURCES_FILE=/etc/textmill/sources.yaml \
    TEXTMILL_DRAIN_FILE=/run/textmill/draining

LABEL org.opencontainers.image.title="Textmill" \
      org.opencontainers.image.description="Media in, queryable text out: an Airflow pipeline with its own OCR runtime" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0"

WORKDIR /opt/textmill
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/tini", "--", "/opt/textmill/containers/entrypoint"]
CMD ["airflow", "version"]
USER 50000:0

# From what changes seldom to what changes often.
COPY --from=code /opt/textmill/samples samples/
COPY --from=code /opt/textmill/include include/
COPY --from=code /opt/textmill/plugins plugins/
COPY --from=code /opt/textmill/containers containers/
COPY --from=code /opt/textmill/dags dags/
