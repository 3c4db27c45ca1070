#!/bin/sh
# Makes what docker-compose.yml may not hold: keys, tokens and a certificate, in deploy/secrets/.
# Run it once, from anywhere:   sh deploy/make-secrets.sh
# Needs openssl and sha256sum. Running it again changes nothing; to begin anew, remove the folder.
set -eu
cd "$(dirname "$0")"
if [ -d secrets ]; then
    echo "deploy/secrets is there already; nothing was changed" >&2
    exit 0
fi
rm -rf secrets.new
mkdir -m 0700 secrets.new
cd secrets.new

random() { openssl rand -hex "$1" | tr -d '\n'; }
digest() { sha256sum <"$1" | cut -c 1-64; }

# OpenBao: the key that opens its data, and how the controller logs in there.
openssl rand -out openbao-seal-key 32
random 24 >openbao-secret-id
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 825 \
    -subj /CN=openbao -addext subjectAltName=DNS:openbao,IP:127.0.0.1 \
    -keyout openbao-key.pem -out openbao-certificate.pem 2>/dev/null

# Who may ask the controller: Prometheus reads, `operator` and `approver` are people.
for name in prometheus operator approver; do
    random 24 >"$name-token"
done
cat >controller.env <<END
TRUEUP_USERS='[{"name": "prometheus", "role": "viewer", "token_sha256": "$(digest prometheus-token)"}, {"name": "operator", "role": "operator", "token_sha256": "$(digest operator-token)"}, {"name": "approver", "role": "approver", "token_sha256": "$(digest approver-token)"}]'
END

# The PostgreSQL server of the profile `modules`.
random 24 >postgres-password

# Containers run as other users than you: they may read the files, nobody else may enter the folder.
chmod 0644 ./*
cd ..
mv secrets.new secrets
echo "made deploy/secrets; it is not part of the repository, keep it safe" >&2
