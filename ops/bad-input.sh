#!/usr/bin/env bash
# Sends bad input of every kind to a server of its own, by hand, and prints a page of what each was answered.
#
#   ops/bad-input.sh                    uses target/debug/padriew
#   PADRIEW=/usr/bin/padriew ops/bad-input.sh
#   DATABASE=postgres://... ops/bad-input.sh      an empty database; SQLite in a temporary folder by default
#
# Needs curl, openssl, gzip and python3 (for one slow socket). Touches nothing but a temporary folder.
set -euo pipefail
cd "$(dirname "$0")/.."

program=${PADRIEW:-target/debug/padriew}
port=${PORT:-18555}
url=http://127.0.0.1:$port
home=$(mktemp -d)
database=${DATABASE:-sqlite:$home/padriew.db}
export PADRIEW_SERVER_KEY=$home/server.key
trap 'kill "$server" 2>/dev/null; rm -rf "$home"' EXIT

"$program" serve --database "$database" --gtfs ops/sample-network/feed --listen "127.0.0.1:$port" 2>"$home/log" &
server=$!
for _ in $(seq 100); do curl -sf "$url/healthz" >/dev/null && break; sleep 0.1; done
curl -sf "$url/healthz" >/dev/null || { echo "the server did not start:"; cat "$home/log"; exit 1; }
added=$("$program" device add bus-017 --vehicle 17 --database "$database" --listen "127.0.0.1:$port")
key=$(awk '$1 == "key" { print $2 }' <<<"$added")
token=$("$program" device add bus-018 --token --database "$database" | awk -F/ '/\/v1\/pings\// { print $NF }')
for _ in $(seq 60); do
    [ "$(curl -so /dev/null -w '%{http_code}' "$url/v1/pings/$token" -d x)" != 401 ] && break
    sleep 0.1
done

# --- a signed request -------------------------------------------------------------------------------
# sign FILE [CREATED] [NONCE] [KEYID]: sets $digest $input $signature for a POST of FILE to /v1/pings.
sign() {
    local created=${2:-$(date +%s)} nonce=${3:-$(openssl rand -hex 8)} keyid=${4:-bus-017:k1} parameters
    digest="sha-256=:$(openssl dgst -sha256 -binary "$1" | base64 -w0):"
    parameters="(\"@method\" \"@path\" \"content-digest\");created=$created;keyid=\"$keyid\";nonce=\"$nonce\""
    input="sig1=$parameters"
    signature="sig1=:$(printf '"@method": POST\n"@path": /v1/pings\n"content-digest": %s\n"@signature-params": %s' \
        "$digest" "$parameters" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64 -w0):"
}
# post FILE [curl arguments]: posts with the signature made last.
post() {
    local file=$1; shift
    curl -s -w '\n%{http_code}' "$url/v1/pings" --data-binary "@$file" -H 'content-type: application/json' \
        -H "content-digest: $digest" -H "signature-input: $input" -H "signature: $signature" "$@"
}
signed() { sign "$1"; post "$@"; }
by_token() { local file=$1; shift; curl -s -w '\n%{http_code}' "$url/v1/pings/$token" --data-binary "@$file" "$@"; }

# show TITLE ANSWER: one entry of the page. The request rate of a device is 5 a second.
show() {
    local status=${2##*$'\n'} body=${2%$'\n'*}
    printf '%-42s %s  %s\n' "$1" "$status" "${body:0:${WIDTH:-230}}"
    sleep 0.25
}
ping() { # ping SEQ [SECONDS AHEAD] [LAT] [LON]
    printf '{"seq":%s,"t":%s,"lat":%s,"lon":%s}' "$1" "$(($(date +%s) + ${2:-0}))" "${3:-13.6881}" "${4:-101.0716}"
}
batch() { local IFS=,; printf '{"v":1,"boot":"7f3a","pings":[%s]}' "$*" >"$home/body"; }

printf 'What bad input is answered. %s, %s\n\n' "$("$program" --version)" "$(date -u +%FT%TZ)"

batch "$(ping 1 -50)";                    show 'a good one, for comparison' "$(signed "$home/body")"
printf '{"v":1,"boot":"7f3a","pings":[{' >"$home/body"; show 'malformed JSON' "$(signed "$home/body")"
hundred=(); base=$(date +%s)
for n in $(seq 2 101); do
    hundred+=("{\"seq\":$n,\"t\":$((base * 1000 - 40000 + n * 300)),\"lat\":13.6881,\"lon\":101.0716}")
done
hundred[41]='{"seq":43,"t":"yesterday","lat":13.6881,"lon":101.0716}'
batch "${hundred[@]}";                    show 'one bad record of 100' "$(signed "$home/body")"
batch "$(ping 102 7200)";                 show 'two hours in the future' "$(signed "$home/body")"
batch "$(ping 103 -691200)";              show 'eight days old' "$(signed "$home/body")"
batch "$(ping 104 0 101.0716 13.6881)";   show 'latitude and longitude exchanged' "$(signed "$home/body")"
batch "$(ping 105 0 0 0)";                show 'null island' "$(signed "$home/body")"
batch "$(ping 106 0 18.7883 98.9853)";    show 'in another town (Chiang Mai)' "$(signed "$home/body")"
batch '{"seq":107,"t":1,"src":"MAN","lat":13.6881,"lon":101.0716}'; show 'a clock in 1970' "$(signed "$home/body")"
batch "$(ping 108)"; sed -i 's/}]/,"src":"MAN"}]/' "$home/body"; show 'typed by hand (history, not live)' "$(signed "$home/body")"
batch "$(ping 109)"; sign "$home/body" "" "" ghost:k1;     show 'unknown device' "$(post "$home/body")"
batch "$(ping 110)"; sign "$home/body"; signature="sig1=:$(openssl rand -base64 32):"
show 'wrong signature' "$(post "$home/body")"
batch "$(ping 111)"; sign "$home/body"; batch "$(ping 112)"; show 'body changed after signing' "$(post "$home/body")"
batch "$(ping 113)"; sign "$home/body" "$(($(date +%s) - 25200))"; show 'signed by a clock 7 h behind' "$(post "$home/body")"
batch "$(ping 114)"; sign "$home/body"; post "$home/body" >/dev/null; show 'replayed (same nonce)' "$(post "$home/body")"
show 'sent again, signed anew (duplicate)' "$(signed "$home/body")"
show 'unknown token' "$(curl -s -w '\n%{http_code}' "$url/v1/pings/nobody" -d '{}')"
head -c 1048576 /dev/zero | tr '\0' ' ' >"$home/body"; show 'a body of 1 MiB' "$(signed "$home/body")"
head -c 67108864 /dev/zero | tr '\0' ' ' | gzip -9 >"$home/body"
show 'a gzip bomb: 65 KB that unpack to 64 MiB' "$(by_token "$home/body" -H 'content-encoding: gzip')"
{ printf '{"v":1,"pings":[{"x":'; head -c 10000 /dev/zero | tr '\0' '['; } >"$home/body"
show 'JSON 10,000 levels deep' "$(by_token "$home/body")"
{ printf '{"v":1,"pings":[{}'; for _ in $(seq 500); do printf ',{}'; done; printf ']}'; } >"$home/body"
show '501 records' "$(by_token "$home/body")"
printf '{"v":2,"pings":[{}]}' >"$home/body"; show 'another version of the format' "$(by_token "$home/body")"
batch "$(ping 1)"
for _ in $(seq 14); do flood=$(by_token "$home/body"); done; show 'more than 5 requests a second' "$flood"

dribble() { # dribble FIRST BYTES: one byte a second after FIRST; prints what came back and when it was closed
    timeout 40 python3 - "$port" "$1" <<'PY'
import select, socket, sys, time
link = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
begun, said = time.monotonic(), b""
link.sendall(sys.argv[2].encode().decode("unicode_escape").encode())
while True:
    if select.select([link], [], [], 1.0)[0]:
        chunk = link.recv(4096)
        said += chunk
        if not chunk:
            break
        continue
    try:
        link.sendall(b"x") if sys.argv[2] else None
    except OSError:
        break
status = said.split(b"\r\n")[0].decode() or "no answer"
print(f"{status}, closed after {time.monotonic() - begun:.1f} s")
PY
}
closed() { printf '%-42s -    %s\n' "$1" "$(dribble "$2")"; }
closed 'a head, one byte a second' 'GET / HTTP/1.1\r\nx: '
closed 'a body, one byte a second' "POST /v1/pings/$token HTTP/1.1\\r\\nhost: x\\r\\ncontent-length: 500\\r\\n\\r\\n{"
closed 'a socket that says nothing' ''

printf '\nStored in quarantine, and counted:\n'
curl -s "$url/metrics" | grep -E '^padriew_(ingest_records|auth_failures|ingest_unknown)' | sort
