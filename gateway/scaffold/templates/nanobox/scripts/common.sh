# Shared by the scripts beside it. It is no action, so addongw never runs it.
#
# Three habits make these scripts safe to repeat at any moment, which addongw
# does after a crash: make sure of things instead of creating them, put a file
# in place with one rename, and take every name from the server's id.

set -eu

: "${ADDONGW_RESOURCE_ID:?must be set by addongw}"
server=$(cd "$(dirname "$0")/.." && pwd)/data/$ADDONGW_RESOURCE_ID
document=$(cat)

# fail CODE WORDS... ends the script: 64 the order is wrong, 66 there is no such
# server, 69 there is no room, 75 try again later. What goes to standard error is
# logged.
fail() {
  code=$1
  shift
  echo "$*" >&2
  exit "$code"
}

# argument NAME PATTERN takes a text out of the action's arguments. printf is
# part of the shell, so no other process sees the document.
argument() {
  printf '%s\n' "$document" | sed -n 's/.*"args":{.*"'"$1"'":"\('"$2"'\).*/\1/p'
}

# put FILE writes standard input to a file, all or nothing.
put() {
  cat >"$1.new"
  mv -f "$1.new" "$1"
}

# answer prints how the server is. Its address is made up, out of its id: yours
# comes from whatever runs your machines.
answer() {
  n=$(printf '%s' "$ADDONGW_RESOURCE_ID" | cksum | cut -d ' ' -f 1)
  n=$((n % 254 + 1))
  printf '{"status": "done", "outputs": {"status": "active", "external_ip": "192.0.2.%d", "internal_ip": "10.0.0.%d"}}\n' "$n" "$n"
}
