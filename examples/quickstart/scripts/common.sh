# Shared by the scripts beside it. It is no verb, so addongw never runs it.
#
# Three habits make these scripts safe to repeat at any moment, which addongw
# does after a crash: make sure of things instead of creating them, put a file
# in place with one rename, and take every name from the resource's id.

set -eu
umask 077 # a customer's files are nobody else's business

: "${ADDONGW_RESOURCE_ID:?must be set by addongw}"
: "${DATA_DIR:=$(cd "$(dirname "$0")/.." && pwd)/data}"
share=$DATA_DIR/$ADDONGW_RESOURCE_ID
username=u$ADDONGW_SHORT_ID
suspended=$share/credentials.suspended # the login while the customer may not use it

# fail CODE WORDS... ends the script. What the codes mean is in the README of
# plugins/shell; what goes to standard error is logged.
fail() {
  code=$1
  shift
  echo "$*" >&2
  exit "$code"
}

# secret NAME takes a secret out of the document, which is one line and has its
# secrets last. A generated password has no character that JSON would escape.
# printf is part of the shell, so no other process sees the document.
secret() {
  printf '%s\n' "$document" | sed -n 's/.*"secrets":{.*"'"$1"'":"\([^"]*\)".*/\1/p'
}

# put FILE writes standard input to a file, all or nothing.
put() {
  cat >"$1.new"
  mv -f "$1.new" "$1"
}

# check_quota refuses a plan that we can't read.
check_quota() {
  case ${QUOTA_MB-} in
  '' | *[!0-9]*) fail 64 "QUOTA_MB is '${QUOTA_MB-}', not a number" ;;
  esac
}

used_mb() {
  du -sk "$share/files" | {
    read -r kilobytes _
    echo $((kilobytes / 1024))
  }
}

# answer prints the outputs that addongw.hcl declares, and what it is given
# besides.
answer() {
  printf '{"status": "done", "outputs": {"username": "%s", "used_mb": %d}%s}\n' "$username" "$(used_mb)" "${1-}"
}
