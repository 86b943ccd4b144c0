// `serve` with several workers: what ends one at its start ends them all, instead of being tried for ever.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { plainEnv } from '../support/process.ts';
import { requires, ROOT } from '../support/requirement.ts';
import { tempDir } from '../support/temp.ts';

test('workers that cannot listen end with the exit code of an outage', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const file = join(tempDir('workers'), 'countersign.yaml');
  const { port } = taken.address() as AddressInfo;
  writeFileSync(
    file,
    `server: { listen: "127.0.0.1:${port}", admin: "127.0.0.1:0", workers: 2 }
store: redis://127.0.0.1:9/0
issuers: { github: {} }
registries:
  npm: { protocol: npm, url: "http://127.0.0.1:${port}/", upstream: "http://127.0.0.1:9/", credential: none }
publishers:
  - name: ui
    from: { issuer: github, repository: acme/ui, repository_owner_id: 11, workflow: release.yml, environment: any, ref: any }
    publish: { npm: ["@acme/ui"] }
`,
  );
  const child = spawn(requires('node'), [join(ROOT, 'src', 'main.ts'), 'serve', '--config', file], {
    env: plainEnv(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const code = await new Promise((resolve) => child.once('exit', resolve));
  taken.close();
  expect(code, printed).toBe(4);
  expect(printed).toContain('cannot listen');
});
