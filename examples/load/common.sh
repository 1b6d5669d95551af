# Shared by the load scripts: tools, the server under load, what it says about itself. Source it.
# A number has a point, also $EPOCHREALTIME, wherever the script runs.
export LC_ALL=C
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
seconds=${1:-60}
times=${2:-10}
out=${3:-$(mktemp -d)}
mkdir -p "$out"
cd "$root"

# need COMMAND INSTALLER...: runs the installer if the command is missing.
need() { command -v "$1" >/dev/null || "${@:2}"; }
debian() { apt-get update -q >/dev/null && apt-get install -y -q "$1" >/dev/null; }

# Ends the server and the generators, also after a failure or ctrl-c.
server=
trap 'jobs=$(jobs -p); [ -z "$jobs" ] || kill $jobs 2>/dev/null || true' EXIT

# fail TEXT...
fail() { printf '%s\n' "$*" >&2; exit 1; }

# start EXAMPLE ARGUMENTS...: serves on a free port; sets `url`, and `address` without the scheme.
start() {
    cargo build --release --locked --quiet -p examples --example "$1"
    : >"$out/server.txt"
    "${CARGO_TARGET_DIR:-target}/release/examples/$1" "${@:2}" >"$out/server.txt" 2>&1 &
    server=$!
    until url=$(grep -o 'http://[0-9.:]*' "$out/server.txt"); do
        kill -0 "$server" || exit 1
        sleep 0.1
    done
    address=${url#http://}
}

# Keeps what the server says about itself, each second, as MILLISECOND.txt since the call; for `seconds`.
scrape() {
    local began=${EPOCHREALTIME/./} now
    mkdir -p "$out/metrics"
    while now=${EPOCHREALTIME/./} && ((now - began < seconds * 1000000)); do
        curl --silent --max-time 5 "$url/metrics" >"$out/metrics/$(((now - began) / 1000)).txt" || true
        sleep 1
    done
}

# Stops the server, which drains. Its exit status says whether every ledger balances.
stop() {
    kill -TERM "$server"
    wait "$server" || { cat "$out/server.txt"; fail 'the ledger does not balance'; }
    server=
    cat "$out/server.txt"
}
