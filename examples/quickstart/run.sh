#!/usr/bin/env bash
# From nothing to certificates as code: builds, sets a server up, applies this folder with Terraform, and proves it.
# Run it again at any time: what is there is kept.
set -eu
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
take_turn
mkdir -p "$work" "$identities" "$configuration"
# The server is on this machine, and no proxy leads there.
export NO_PROXY="127.0.0.1${NO_PROXY:+,$NO_PROXY}" no_proxy="127.0.0.1${no_proxy:+,$no_proxy}"
chmod 700 "$work" "$identities"

say "Building certward-server and terraform-provider-certward (the first time takes some minutes)"
cd "$root"
# A build that happens once is faster without what makes the next one faster.
long_step "building" "$work/build.log" env CARGO_INCREMENTAL=0 \
    cargo build --package certward-server --package terraform-provider-certward --bins

if [ ! -e "$server/settings.json" ]; then
    say "Setting the server up: a private CA, the server certificate, and the first administrator"
    "$target/debug/certward-server" setup --dir "$server" --non-interactive
fi

if pid=$(server_pid); then
    say "The server is already running (process $pid)"
else
    say "Starting the server on $endpoint (RavenDB) and $redis_enterprise_endpoint (Redis Enterprise)"
    cp "$target/debug/certward-server" "$work/certward-server"
    readlink -f "$work/certward-server" >"$work/server.exe"
    # `Read` access needs a licence on a real RavenDB; here a setting stands for it.
    nohup "$work/certward-server" run --settings "$server/settings.json" \
        --ServerUrl="$endpoint" --Certward.RedisEnterprise.ServerUrl="$redis_enterprise_endpoint" \
        --Certward.License.ReadOnlyCertificates=true \
        >"$work/server.log" 2>&1 </dev/null 9<&- &
    echo $! >"$work/server.pid"
fi

admin=(--silent --show-error --cacert "$server/ca.crt" --cert "$server/admin.crt" --key "$server/admin.key")
for attempt in $(seq 100); do
    curl "${admin[@]}" --output /dev/null "$endpoint/build/version" 2>/dev/null && break
    server_pid >/dev/null || {
        cat "$work/server.log" >&2
        fail "the server ended; if port $port or $redis_enterprise_port is taken, set CERTWARD_QUICKSTART_PORT" \
            "or CERTWARD_QUICKSTART_REDIS_ENTERPRISE_PORT to a free one"
    }
    [ "$attempt" -lt 100 ] || fail "the server does not answer on $endpoint; see $work/server.log"
    sleep 0.1
done

say "Making the team's own keys and certificates (the server and Terraform see the certificates only)"
for name in alice order-service ci-reader; do
    [ -e "$identities/$name.crt" ] && continue
    (umask 077 && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 \
        -subj "/O=Example Team/CN=$name" \
        -addext basicConstraints=critical,CA:FALSE -addext keyUsage=critical,digitalSignature \
        -addext extendedKeyUsage=clientAuth \
        -keyout "$identities/$name.key" -out "$identities/$name.crt" 2>/dev/null)
    echo "    $identities/$name.crt"
done

if [ ! -e "$identities/team-ca.crt" ]; then
    say "Making a CA of the team's own, for Redis Enterprise"
    # A CA must say that it is one: without these extensions it is refused.
    (umask 077 && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 \
        -subj "/C=US/O=Example Team/CN=Example Team CA" \
        -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign,cRLSign \
        -keyout "$identities/team-ca.key" -out "$identities/team-ca.crt" 2>/dev/null)
    echo "    $identities/team-ca.crt"
fi
issue() { # NAME SUBJECT [ALTERNATIVE NAME]: a client certificate of the team's CA
    [ -e "$identities/$1.crt" ] && return
    {
        printf '%s\n' basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature extendedKeyUsage=clientAuth
        printf '%s\n' subjectKeyIdentifier=hash authorityKeyIdentifier=keyid ${3:+"subjectAltName=$3"}
    } >"$work/extensions.cnf"
    (umask 077 && openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$2" \
        -keyout "$identities/$1.key" -out "$work/$1.csr" 2>/dev/null)
    openssl x509 -req -in "$work/$1.csr" -CA "$identities/team-ca.crt" -CAkey "$identities/team-ca.key" \
        -CAcreateserial -days 90 -extfile "$work/extensions.cnf" -out "$identities/$1.crt" 2>/dev/null
    echo "    $identities/$1.crt"
}
issue dana "/C=US/O=Example Team/OU=Platform/CN=dana"
issue metrics "/C=US/O=Example Team/OU=Services/CN=collector-1" DNS:metrics.example.com
issue courier "/C=US/O=Example Team/OU=Services/CN=courier"

say "Installing the provider into a local mirror and running terraform init"
version=0.1.0
mirror=$work/plugins/registry.terraform.io/certward/certward/$version/$(uname -s | tr '[:upper:]' '[:lower:]')_$(
    case $(uname -m) in x86_64) echo amd64 ;; aarch64 | arm64) echo arm64 ;; *) uname -m ;; esac
)
mkdir -p "$mirror"
cp "$target/debug/terraform-provider-certward" "$mirror/terraform-provider-certward_v$version"
cat >"$work/terraform.rc" <<CONFIGURATION
provider_installation {
  filesystem_mirror {
    path = "$work/plugins"
  }
}
CONFIGURATION
export TF_CLI_CONFIG_FILE=$work/terraform.rc CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1
for file in "$root"/examples/quickstart/*.tf; do
    # What was changed there is kept.
    [ -e "$configuration/${file##*/}" ] || cp "$file" "$configuration/"
done
variables() { # SUBJECT_VALIDATION_TYPE
    cat >"$configuration/quickstart.auto.tfvars" <<VARIABLES
endpoint                  = "$endpoint"
redis_enterprise_endpoint = "$redis_enterprise_endpoint"
server_directory          = "$server"
identities_directory      = "$identities"
subject_validation_type   = "$1"
VARIABLES
}
variables full_subject
cd "$configuration"
rm -f .terraform.lock.hcl # the provider was just built anew
terraform init -input=false -no-color >"$work/init.log" || {
    cat "$work/init.log" >&2
    fail "terraform init failed"
}

apply_quietly() {
    terraform apply -auto-approve -input=false -no-color >"$work/apply.log" || {
        cat "$work/apply.log" >&2
        fail "terraform apply failed"
    }
}
say "terraform apply (a line for each resource; the whole output, with every attribute: $work/apply.log)"
apply_quietly
grep -E '^  # |^Plan:|^Apply complete|Warning:' "$work/apply.log"
terraform output -no-color

say "Proving it: RavenDB"
as() { # NAME METHOD PATH [ENDPOINT] [BODY]: prints the status and leaves the body in $work/answer
    curl --silent --show-error --cacert "$server/ca.crt" --cert "$identities/$1.crt" --key "$identities/$1.key" \
        --request "$2" ${5:+--header "Content-Type: application/json" --data "$5"} \
        --output "$work/answer" --write-out '%{http_code}' "${4:-$endpoint}$3"
}
expect() { # WANTED STATUS SENTENCE
    [ "$1" = "$2" ] || fail "expected $1, got $2: $3 ($(head -c 300 "$work/answer"))"
    printf '    %s  %s\n' "$2" "$3"
}
expect 200 "$(as order-service GET /certificates/whoami)" "order-service logs in: whoami says $(
    grep -o '"Name":"[^"]*"' "$work/answer" | head -n 1), $(grep -o '"Permissions":{[^}]*}' "$work/answer")"
expect 200 "$(as alice GET /admin/certificates?metadataOnly=true)" "alice, a ClusterAdmin, lists the certificates"
expect 403 "$(as order-service GET /admin/certificates)" "order-service may not list certificates"
expect 200 "$(as ci-reader GET /certificates/whoami)" "ci-reader logs in"
terraform plan -detailed-exitcode -input=false >"$work/plan.log" || {
    cat "$work/plan.log" >&2
    fail "the plan after apply is not empty"
}
printf '    %s\n' "terraform plan: no changes"

say "Removing ci-reader from the configuration, and applying"
rm "$configuration/ci_reader.tf"
apply_quietly
expect 403 "$(as ci-reader GET /build/version)" "ci-reader is refused at its next request"
cp "$root/examples/quickstart/ci_reader.tf" "$configuration/"
apply_quietly
expect 200 "$(as ci-reader GET /certificates/whoami)" "put back, it logs in again"

say "Proving it: Redis Enterprise, which lets in whole subjects (full_subject)"
redis_as() { # NAME METHOD PATH [BODY]
    as "$1" "$2" "$3" "$redis_enterprise_endpoint" "${4:-}"
}
expect 200 "$(redis_as dana GET /v1/cluster)" "dana, whose certificate is the team CA's, reads /v1/cluster: $(
    grep -o '"name":"[^"]*"' "$work/answer" | head -n 1)"
expect 200 "$(redis_as dana GET /v1/users/role)" "as the user of her subject: $(cat "$work/answer")"
expect 403 "$(redis_as dana GET /v1/users)" "her role does not let her see users"
expect 403 "$(redis_as dana PUT /v1/cluster '{"mtls_certificate_authentication": false}')" "or change the cluster"
expect 401 "$(redis_as metrics GET /v1/cluster)" "metrics has a user, but its whole subject is not among the authorized"
expect 401 "$(redis_as order-service GET /v1/users/role)" "order-service, whose certificate no trusted CA issued, is refused"

say "Changing to common names and DNS names (san_cn), and applying"
variables san_cn
apply_quietly
expect 200 "$(redis_as metrics GET /v1/cluster)" "metrics is let in by its DNS name, metrics.example.com"
expect 200 "$(redis_as dana GET /v1/cluster)" "dana still is by her common name"

say "Proving it: Redis, by certificate and without a password"
redis_port=$(terraform output -raw redis_port)
redis_by() { # NAME COMMAND…: runs it as the holder of a certificate; what goes wrong is an answer too
    local name=$1
    shift
    timeout 10 redis-cli -h 127.0.0.1 -p "$redis_port" --tls --cacert "$server/ca.crt" \
        --cert "$identities/$name.crt" --key "$identities/$name.key" "$@" 2>&1 || true
}
answers() { # BEGINNING ANSWER SENTENCE
    case $2 in
        "$1"*) printf '    %s: %s\n' "$3" "$2" ;;
        *) fail "expected an answer that begins with $1, got $2: $3" ;;
    esac
}
answers courier "$(redis_by courier ACL WHOAMI)" "ACL WHOAMI of the courier's certificate"
answers OK "$(redis_by courier SET delivery:1 'on its way')" "SET delivery:1 is allowed"
answers NOPERM "$(redis_by courier SET customer:1 'somebody')" "SET customer:1 is not"
answers NOPERM "$(redis_by courier FLUSHALL)" "and FLUSHALL is not"

say "Removing the courier from the configuration, with one of its connections open"
timeout 120 redis-cli -h 127.0.0.1 -p "$redis_port" --tls --cacert "$server/ca.crt" \
    --cert "$identities/courier.crt" --key "$identities/courier.key" \
    SUBSCRIBE deliveries >"$work/subscriber.log" 2>&1 9<&- &
subscriber=$!
for _ in $(seq 100); do
    grep -q subscribe "$work/subscriber.log" && break
    sleep 0.1
done
kill -0 "$subscriber" 2>/dev/null || fail "the courier could not subscribe: $(cat "$work/subscriber.log")"
printf '    %s\n' "the courier listens to the channel deliveries"
rm "$configuration/courier.tf"
apply_quietly
for _ in $(seq 20); do
    kill -0 "$subscriber" 2>/dev/null || break
    sleep 0.1
done
if kill -0 "$subscriber" 2>/dev/null; then
    kill "$subscriber"
    fail "the courier's connection is still open"
fi
printf '    %s\n' "its connection was closed"
case $(redis_by courier ACL WHOAMI) in
    courier) fail "the courier still comes in" ;;
    *) printf '    %s\n' "and its certificate opens no other" ;;
esac
cp "$root/examples/quickstart/courier.tf" "$configuration/"
apply_quietly
answers courier "$(redis_by courier ACL WHOAMI)" "put back, it is there again"

# As a shell takes them.
for name in server identities configuration work target; do
    printf -v "shown_$name" %q "${!name}"
done

cat <<SUMMARY

Done. What you have now:

  * a server on $endpoint that speaks RavenDB's certificate API, and on
    $redis_enterprise_endpoint Redis Enterprise's (log: $work/server.log), with its own CA in $server/ca.crt;
  * three certificates registered by Terraform for RavenDB: alice, order-service and ci-reader;
  * two users on Redis Enterprise, dana and metrics, known by the subjects of certificates of the team's own CA;
  * a Redis database on port $redis_port, with the courier as a user by its certificate;
    all private keys stayed in $identities

Go on:

  * ask the server who you are:
      curl --cacert $shown_server/ca.crt \\
        --cert $shown_identities/alice.crt --key $shown_identities/alice.key $endpoint/certificates/whoami
      curl --cacert $shown_server/ca.crt \\
        --cert $shown_identities/dana.crt --key $shown_identities/dana.key $redis_enterprise_endpoint/v1/users/role
  * use Redis without a password:
      redis-cli -p $redis_port --tls --cacert $shown_server/ca.crt \\
        --cert $shown_identities/courier.crt --key $shown_identities/courier.key
  * change $shown_configuration/main.tf and apply:
      cd $shown_configuration && TF_CLI_CONFIG_FILE=$shown_work/terraform.rc terraform apply
  * talk to the server's console:
      $shown_target/debug/certward-server cli --settings $shown_server/settings.json
  * stop the server and remove all of this:
      make quickstart-down
SUMMARY
