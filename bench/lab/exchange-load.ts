// The load of an exchange: one request for each token, written beforehand, given to wrk as a script.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const mintPath = '/_/oidc/mint-token';

export function bodyOf(token: string): string {
  return JSON.stringify({ token });
}

/** A wrk script in this folder that sends each body once; beyond the last it repeats it, which an exchange refuses. */
export function scriptFor(folder: string, bodies: readonly string[], host: string, name = 'exchange'): string {
  const list = join(folder, `${name}.txt`);
  const script = join(folder, `${name}.lua`);
  writeFileSync(list, `${bodies.join('\n')}\n`);
  writeFileSync(
    script,
    `local requests, n = {}, 0
init = function()
  for body in io.lines(${JSON.stringify(list)}) do
    requests[#requests + 1] = wrk.format('POST', '${mintPath}', { ['Host'] = ${JSON.stringify(host)}, ['Content-Type'] = 'application/json' }, body)
  end
end
request = function()
  n = n + 1
  return requests[n] or requests[#requests]
end
`,
  );
  return script;
}
