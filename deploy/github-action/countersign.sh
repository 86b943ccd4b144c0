#!/bin/sh
# Exchanges a GitHub job's identity token for an upload token (RFC 8693), or gives one back (RFC 7009). POSIX sh, sed and curl.
# Tokens are in files of a folder that only this user can enter and on curl's standard input, never among arguments, which every
# process of the machine can read.
set -eu
umask 077

# A line of the job's log that GitHub shows as an error. `%` begins what it decodes; control characters would begin a line.
fail() {
  printf '::error title=Countersign::%s\n' "$(printf '%s' "$1" | tr '\000-\037\177' ' ' | sed 's/%/%25/g')"
  exit 1
}

# The text of a member of a JSON object, on one line.
member() {
  tr '\n' ' ' < "$2" | sed -nE "s/.*\"$1\" *: *\"(([^\"\\\\]|\\\\.)*)\".*/\\1/p" | sed 's/\\\(["\\/]\)/\1/g'
}

origin=$(printf '%s' "${COUNTERSIGN_URL:-}" | sed -nE 's#^(https?://[^/?\#@[:space:]]+)(/[^[:space:]]*)?$#\1#p')
case $origin in
  https://*) protocols='=https' ;;
  # For a try on one machine; a token never crosses a network in the clear.
  http://127.0.0.1:* | http://localhost:* | http://127.0.0.1 | http://localhost) protocols='=http' ;;
  *) fail 'url has to be the https address of Countersign, for example https://pypi.acme.example/' ;;
esac

work=$(mktemp -d "${RUNNER_TEMP:-${TMPDIR:-/tmp}}/countersign.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Without the user's ~/.curlrc, without redirects: a token does not follow.
request() {
  curl -q --silent --show-error --proto "$protocols" --connect-timeout 10 --max-time 60 --output "$work/answer" --write-out '%{http_code}' "$@"
}

# What the server says of a refusal, else its status.
refused() {
  said=$(member error_description "$work/answer" 2> /dev/null || true)
  if [ -n "$said" ]; then fail "$said"; fi
  fail "$1 answered $2. Is that the address of Countersign?"
}

if [ -n "${COUNTERSIGN_REVOKE:-}" ]; then
  printf '%s' "$COUNTERSIGN_REVOKE" > "$work/token"
  status=$(request --retry 3 --data-urlencode "token@$work/token" "$origin/-/oidc/revoke") || fail "$origin does not answer"
  [ "$status" = 200 ] || refused "$origin" "$status"
  echo 'The upload token is revoked.'
  exit 0
fi

if [ -z "${ACTIONS_ID_TOKEN_REQUEST_URL:-}" ] || [ -z "${ACTIONS_ID_TOKEN_REQUEST_TOKEN:-}" ]; then
  fail 'This job gets no identity token: it needs "permissions: { id-token: write }". Jobs of pull requests from forks never get one.'
fi
printf 'authorization: bearer %s\n' "$ACTIONS_ID_TOKEN_REQUEST_TOKEN" > "$work/header"
# The run service's address is GitHub's own and may be http on a runner of one's own.
issue() {
  curl -q --silent --show-error --connect-timeout 10 --max-time 30 --retry 3 --output "$work/issued" --write-out '%{http_code}' \
    --get --header "@$work/header" --data-urlencode "audience=${COUNTERSIGN_AUDIENCE:-$origin}" "$ACTIONS_ID_TOKEN_REQUEST_URL"
}
status=$(issue) || fail "GitHub's token service does not answer"
[ "$status" = 200 ] || fail "GitHub's token service answered $status"
member value "$work/issued" > "$work/identity"
printf '::add-mask::%s\n' "$(cat "$work/identity")"

set -- --data-urlencode "subject_token@$work/stripped" \
  --data-urlencode 'grant_type=urn:ietf:params:oauth:grant-type:token-exchange' \
  --data-urlencode 'subject_token_type=urn:ietf:params:oauth:token-type:id_token'
if [ -n "${COUNTERSIGN_PACKAGE:-}" ]; then set -- "$@" --data-urlencode "scope=publish:$COUNTERSIGN_PACKAGE"; fi
tr -d '\n' < "$work/identity" > "$work/stripped"
# Not again after a lost answer: the identity token counts once.
status=$(request "$@" "$origin/-/oidc/token") || fail "$origin does not answer"
[ "$status" = 200 ] || refused "$origin" "$status"

token=$(member access_token "$work/answer")
# Whatever else a server answers, it must not get into the outputs.
printf '%s' "$token" | grep -Eqx 'csgn_[A-Za-z0-9]{40,60}' || fail "$origin answered without an upload token. Is that the address of Countersign?"
printf '::add-mask::%s\n' "$token"
printf 'token=%s\n' "$token" >> "$GITHUB_OUTPUT"
echo 'The upload token is in the output "token".'
