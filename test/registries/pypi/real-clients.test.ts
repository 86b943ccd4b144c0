import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { isChange } from '../../../src/registries/registry.ts';
import { isRefusal, refuse, type Refusal } from '../../../src/core/refusal.ts';
import { formatToken } from '../../../src/core/upload-token.ts';
import { pypi } from '../../../src/registries/pypi/index.ts';
import { publishPython, PYTHON_CLIENTS } from '../../support/clients.ts';
import { pythonPackage } from '../../support/python-package.ts';
import { describeWith } from '../../support/requirement.ts';
import { head, registry } from './forms.ts';

const token = formatToken(new Uint8Array(32).fill(9), 'pypi');
const login = { username: '__token__', password: token };

/** What the server of these tests found, in words, and what it answers with instead of success. */
let seen: string[] = [];
let answer: Refusal | undefined;

async function judge(req: IncomingMessage): Promise<Refusal | undefined> {
  const headers = Object.fromEntries(Object.entries(req.headers).map(([name, value]) => [name, String(value)]));
  const request = head(req.method ?? '', req.url ?? '', headers);
  const shown = pypi.presented(request);
  seen.push(`${pypi.route(request).kind} by ${shown.kind === 'text' && shown.text === token ? 'the token' : shown.kind}`);
  const inspected = await pypi.inspect({ head: request, registry, body: req, publishers: [] });
  if (isRefusal(inspected)) return inspected;
  if (isChange(inspected)) throw new Error('it is no upload');
  for await (const chunk of inspected.rebuild()) if (chunk.length === 0) seen.push('an empty chunk');
  seen.push(`${inspected.name} ${inspected.version} ${inspected.file} ${String(inspected.digest()?.bytes !== undefined)}`);
  return answer;
}

async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const refusal = await judge(req);
  if (refusal === undefined) return void res.end();
  const reply = pypi.reply(refusal, 'upload', 'req-42');
  res.writeHead(reply.status, reply.reason, reply.headers).end(reply.body);
}

describeWith(
  'twine',
  'uv',
  'pdm',
  'maturin',
)('real clients', () => {
  let server: Server;
  let url: string;
  const files = pythonPackage('Acme.UI', '1.0.0rc1', [
    'License: MIT',
    'Classifier: Programming Language :: Python',
    'Requires-Dist: a>1',
    'Keywords: x,y',
  ]);
  beforeAll(async () => {
    server = createServer((req, res) => void serve(req, res).catch((error: unknown) => res.destroy(error as Error)));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterAll(() => void server.close());
  beforeEach(() => {
    seen = [];
    answer = undefined;
  });

  it.each(PYTHON_CLIENTS)('MP-65: what %s really sends is understood', { timeout: 120_000 }, async (client) => {
    const run = await publishPython(client, files.files, { url, login, cwd: files.folder, timeoutMs: 100_000 });
    expect([run.code, run.code === 0 ? '' : run.output]).toEqual([0, '']);
    const wheel = 'acme-ui 1.0.0rc1 acme_ui-1.0.0rc1-py3-none-any.whl true';
    const sdist = 'acme-ui 1.0.0rc1 acme_ui-1.0.0rc1.tar.gz true';
    expect(seen.toSorted()).toEqual([sdist, wheel, 'upload by the token', 'upload by the token'].toSorted());
  });

  it.each([
    ['twine', 'The upload token is for pypi other, the request is for acme-ui.'],
    ['uv', 'The upload token is for pypi other, the request is for acme-ui.'],
    // These two show less than they are told: PDM the status, maturin a sentence of its own.
    ['pdm', "'403 Forbidden'"],
    ['maturin', 'Username and/or password are'],
  ] as const)('P8: %s says of a refused upload: %s', { timeout: 120_000 }, async (client, shown) => {
    answer = refuse('upload-scope', { granted: 'pypi other', package: 'acme-ui' });
    const run = await publishPython(client, files.files, { url, login, cwd: files.folder, timeoutMs: 100_000 });
    expect(run.code).not.toBe(0);
    // Clients break lines at the width of the terminal.
    expect(run.output.replaceAll(/[\s│]+/g, ' ')).toContain(shown);
  });

  it.each(['pdm', 'maturin'] as const)('%s --skip-existing goes on where a file is there already', { timeout: 120_000 }, async (client) => {
    answer = refuse('upload-exists', { what: 'acme_ui-1.0.0rc1.tar.gz' });
    const run = await publishPython(client, files.files, { url, login, cwd: files.folder, args: ['--skip-existing'], timeoutMs: 100_000 });
    expect([run.code, run.code === 0 ? '' : run.output]).toEqual([0, '']);
  });

  // twine 7 has --skip-existing for the public index only, uv asks the simple index (--check-url) instead.
  it.each(['twine', 'uv'] as const)('%s says that a file is there already', { timeout: 120_000 }, async (client) => {
    answer = refuse('upload-exists', { what: 'acme_ui-1.0.0rc1.tar.gz' });
    const run = await publishPython(client, files.files, { url, login, cwd: files.folder, timeoutMs: 100_000 });
    expect(run.code).not.toBe(0);
    expect(run.output.replaceAll(/[\s│]+/g, ' ')).toContain('acme_ui-1.0.0rc1.tar.gz already exists and cannot be replaced');
  });
});
