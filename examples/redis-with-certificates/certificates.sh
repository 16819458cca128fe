#!/usr/bin/env bash
# Makes a CA of the team's own and the certificates of its services and people, in the folder `certificates`.
# The server and Terraform see certificates only; keep the keys where they are used.
set -eu
cd "$(dirname -- "${BASH_SOURCE[0]}")"
mkdir -p certificates
cd certificates
umask 077

if [ ! -e team-ca.crt ]; then
    # A CA must say that it is one: without these extensions it is refused.
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 \
        -subj "/C=US/O=Example Team/CN=Example Team CA" \
        -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign,cRLSign \
        -keyout team-ca.key -out team-ca.crt 2>/dev/null
fi

issue() { # NAME SUBJECT
    [ -e "$1.crt" ] && return
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$2" \
        -keyout "$1.key" -out "$1.csr" 2>/dev/null
    printf '%s\n' basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature extendedKeyUsage=clientAuth \
        >extensions.cnf
    openssl x509 -req -in "$1.csr" -CA team-ca.crt -CAkey team-ca.key -CAcreateserial -days 90 \
        -extfile extensions.cnf -out "$1.crt" 2>/dev/null
    rm "$1.csr" extensions.cnf
    echo "certificates/$1.crt"
}
issue order-service "/C=US/O=Example Team/OU=Services/CN=order-service"
issue auditor "/C=US/O=Example Team/OU=Audit/CN=auditor"
