// Shell lines that exchange an identity token for an upload token with curl (RFC 8693), for clients that cannot do it.
import { shellWord } from '../core/shell.ts';
import type { Script, ScriptRequest, Toolchain } from '../core/snippet.ts';

/** The variable in which the identity token is expected: `countersign mint` looks there, too. */
const identityVariable = 'COUNTERSIGN_ID_TOKEN';

/** A program that prints one value of the JSON in file `$1`; every image with the toolchain has it. */
const readers: Readonly<Record<Toolchain, string>> = {
  node: `node -p 'JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")).access_token'`,
  python: `python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["access_token"])'`,
};

/** The upload token in `variable`. The identity token goes through a pipe: arguments can be seen by every process. */
export function exchangeScript(
  request: ScriptRequest,
  toolchain: Toolchain,
  variable: string,
  more: readonly string[] = [],
): Required<Pick<Script, 'exchange' | 'token' | 'audience'>> {
  const own = request.url.origin;
  const audience = request.fixed ?? (request.audiences.includes(own) ? own : request.audience);
  const lines = [
    '# `countersign mint` does the same where it is installed.',
    'answer=$(mktemp)',
    `printf %s "$${identityVariable}" | curl --fail-with-body --silent --show-error --output "$answer" ${shellWord(`${own}/-/oidc/token`)} \\`,
    '  --data-urlencode grant_type=urn:ietf:params:oauth:grant-type:token-exchange \\',
    '  --data-urlencode subject_token_type=urn:ietf:params:oauth:token-type:id_token \\',
    ...(request.scope === undefined ? [] : [`  --data-urlencode ${shellWord(`scope=${request.scope}`)} \\`]),
    '  --data-urlencode subject_token@- || { cat "$answer" >&2; exit 1; }',
    `${variable}=$(${readers[toolchain]} "$answer")`,
    'rm "$answer"',
    `export ${[variable, ...more].join(' ')}`,
  ];
  return { audience, token: { variable: identityVariable, audience }, exchange: { variable, lines } };
}
