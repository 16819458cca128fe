#!/usr/bin/env bash
# Stops the quickstart's server and removes its files.
set -eu
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
take_turn

if pid=$(server_pid); then
    kill -TERM "$pid"
    for _ in $(seq 120); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    say "Stopped the server (process $pid)"
fi
rm -rf "$work"
say "Removed $work"
