# Shared by run.sh and down.sh: where things are, and how to talk about them.

root=$(CDPATH= cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
work=$root/.quickstart
server=$work/server
identities=$work/identities
configuration=$work/terraform
port=${CERTWARD_QUICKSTART_PORT:-8443}
endpoint=https://127.0.0.1:$port
redis_enterprise_port=${CERTWARD_QUICKSTART_REDIS_ENTERPRISE_PORT:-9443}
redis_enterprise_endpoint=https://127.0.0.1:$redis_enterprise_port
target=${CARGO_TARGET_DIR:-$root/target}

say() { printf '\n==> %s\n' "$*"; }
fail() {
    printf '\nquickstart: %s\n' "$*" >&2
    exit 1
}

# One at a time: a second run would build, start and apply in the same places. The kernel's lock on this folder ends with
# whoever holds it, also after kill -9; what is to go on afterwards must not inherit it (9<&-).
take_turn() {
    command -v flock >/dev/null || return 0
    exec 9<"$root/examples/quickstart"
    flock -n 9 || fail "another run.sh or down.sh is at work here ($work); wait until it has ended"
}

# Runs a long step with its output in a file, and prints a line every few seconds until it ends.
# Usage: long_step DESCRIPTION LOG COMMAND…
long_step() {
    local description=$1 log=$2 started=$SECONDS last=
    shift 2
    "$@" >"$log" 2>&1 &
    local step=$!
    while kill -0 "$step" 2>/dev/null; do
        sleep 1
        if [ $(((SECONDS - started) % 10)) -eq 0 ]; then
            last=$(tail -n 1 "$log" 2>/dev/null | tr -d '\r' | cut -c1-80)
            printf '    %s: %ds %s\n' "$description" $((SECONDS - started)) "${last:+($last)}"
        fi
    done
    if ! wait "$step"; then
        tail -n 30 "$log" >&2
        fail "$description failed; the whole output is in $log"
    fi
}

# The id of the quickstart's server, if it runs.
server_pid() {
    local pid
    pid=$(cat "$work/server.pid" 2>/dev/null) || return 1
    [ "$(readlink "/proc/$pid/exe" 2>/dev/null)" = "$(cat "$work/server.exe" 2>/dev/null)" ] || return 1
    echo "$pid"
}
