# Shared by the scripts beside it. It is no action, so addongw never runs it.
#
# What makes these scripts safe to repeat at any moment, which addongw does
# after a crash: they make sure of things instead of creating them, put a file
# in place with one rename, and take every name from the server's id.

set -eu

: "${ADDONGW_RESOURCE_ID:?must be set by addongw}"
: "${DATA_DIR:=$(cd "$(dirname "$0")/.." && pwd)/data}"
box=$DATA_DIR/boxes/$ADDONGW_RESOURCE_ID
addresses=$DATA_DIR/addresses # one link for each that is taken, to its box
boxes=4                       # as many as capacity says

mkdir -p "$DATA_DIR/boxes" "$addresses"
document=$(cat)

# fail CODE WORDS... ends the script; what goes to standard error is logged.
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

# address prints the number of the box's address; a link is taken all at once.
address() {
  for want in mine free; do
    n=0
    while [ $((n += 1)) -le "$boxes" ]; do
      [ $want = mine ] || ln -s "$ADDONGW_RESOURCE_ID" "$addresses/$n" 2>/dev/null || :
      [ "$(readlink "$addresses/$n" || :)" != "$ADDONGW_RESOURCE_ID" ] || { echo "$n"; return; }
    done
  done
  return 1
}

# slowly takes as many seconds as somebody has written into data/seconds: to
# see how a slow host behaves.
slowly() { sleep "$(cat "$DATA_DIR/seconds" 2>/dev/null || echo 0)"; }

answer() {
  printf '{"status": "done", "outputs": {"status": "active", "external_ip": "192.0.2.%d", "internal_ip": "10.88.0.%d"}}\n' "$1" "$1"
}
