// `audit`: from the running proxy and from files, as a table of 80 columns, JSON, CSV, and as it comes.
import { spawn } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditEntry } from '../../src/audit/entry.ts';
import { fileSink } from '../../src/audit/file-sink.ts';
import { entryOf } from '../audit/entries.ts';
import { startWorld, type World } from '../security/world.ts';
import { adopt, plainEnv } from '../support/process.ts';
import { requires, ROOT } from '../support/requirement.ts';
import { tempDir } from '../support/temp.ts';
import { countersign } from './fake-terminal.ts';

const noon = Date.UTC(2026, 10, 29, 12);
const long = '@acme/a-package-with-a-very-long-name';
const entries = [
  entryOf({ event: 'process', outcome: 'started' }, noon - 3 * 86_400_000),
  entryOf(
    { event: 'exchange', outcome: 'minted', registry: 'npm', package: '@acme/ui', anchor: 'acme/ui', publishers: ['ui'] },
    noon - 3_600_000,
  ),
  entryOf({ registry: 'npm', package: '@acme/ui', version: '1.2.3', anchor: 'acme/ui', commit: 'c0ffee' }, noon - 3_500_000),
  entryOf(
    {
      outcome: 'refused',
      registry: 'npm',
      package: long,
      version: '1.0.0',
      code: 'publisher-workflow',
      message: '\u001b[2J',
      considered: ['ui: a', 'b: c'],
    },
    noon - 1000,
  ),
  entryOf({ event: 'pass-through', outcome: 'long-lived', registry: 'pypi', client: 'twine/6.0 CPython/3.12', package: 'acme-ui' }, noon),
];

/** A log as `serve` writes it, with other lines between the records. */
function logOf(all: readonly AuditEntry[]): string {
  const lines = ['{"level":"info","msg":"listening"}\n', 'no JSON\n'];
  const sink = fileSink({ write: (line) => lines.push(line), scrub: (text) => text });
  for (const entry of all) sink(entry);
  return [...lines, '{"level":"warn","msg":"\\"audit\\":true"}\n', '{"audit":true,"cut'].join('');
}

describe('a file', () => {
  const path = join(tempDir('audit'), 'log.jsonl');
  beforeAll(() => writeFileSync(path, logOf(entries)));
  const ask = (...argv: string[]) => countersign(['audit', '--file', path, ...argv], { now: () => noon });
  const ids = async (...argv: string[]): Promise<string[]> => {
    const { code, out } = await ask('--json', ...argv);
    expect(code).toBe(0);
    return out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => (JSON.parse(line) as AuditEntry).id);
  };
  const [started, minted, uploaded, refused, passed] = entries.map(({ id }) => id);

  test('is a table within 80 columns, the newest last, without escape sequences (JWT-48)', async () => {
    const { code, out } = await countersign(['audit', '--file', path], { now: () => noon, width: 80 });
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      'time (UTC)        outcome           what                    who or why',
      '2026-11-26 12:00  started           process',
      '2026-11-29 11:00  minted            @acme/ui                acme/ui',
      '2026-11-29 11:01  uploaded          @acme/ui 1.2.3          acme/ui',
      '2026-11-29 11:59  refused           ..very-long-name 1.0.0  publisher-workflow',
      '2026-11-29 12:00  long-lived        acme-ui                 twine/6.0',
      '',
    ]);
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    const wide = await countersign(['audit', '--file', path], { now: () => noon, width: 120 });
    const cut = '2026-11-29 11:59  refused           ';
    expect(wide.out.split('\n')[4]?.replace(/ +publisher-workflow$/, '')).toBe(`${cut}..me/a-package-with-a-very-long-name 1.0.0`);
  });

  test('is not cut in a pipe', async () => {
    expect((await ask()).out).toContain(' 1.0.0  publisher-workflow\n');
    expect((await ask()).out).not.toContain('..');
  });

  test.each([
    [
      ['-p', '@acme/ui'],
      [minted, uploaded],
    ],
    [['-p', 'npm:@acme/ui', '--package-version', '1.2.3'], [uploaded]],
    [['-p', 'pypi:@acme/ui'], []],
    [
      ['--outcome', 'refused', '--outcome', 'long-lived'],
      [refused, passed],
    ],
    [
      ['--publisher', 'ui'],
      [minted, refused],
    ],
    [['--anchor', 'acme/ui', '--event', 'upload'], [uploaded]],
    [['--code', 'publisher-workflow'], [refused]],
    [
      ['--from', '2h'],
      [minted, uploaded, refused, passed],
    ],
    [['--from', '7d', '--to', '1d'], [started]],
    [
      ['--from', '2026-11-29T11:00:00Z', '--to', String(noon / 1000)],
      [minted, uploaded, refused],
    ],
    [
      ['-n', '2'],
      [refused, passed],
    ],
  ])('is asked with %j', async (argv, expected) => {
    expect(await ids(...argv)).toEqual(expected);
  });

  test('of which nothing fits says so, and that is no error', async () => {
    expect(await ask('-p', 'nothing')).toEqual({ code: 0, out: '', err: 'No record fits.\n' });
  });

  test('is CSV with a head line, or every field on a line of its own', async () => {
    const csv = (await ask('--csv', '--code', 'publisher-workflow')).out.split('\r\n');
    expect([csv.length, csv[0]?.startsWith('id,time,event,'), csv[1]?.includes('publisher-workflow')]).toEqual([3, true, true]);
    const { out } = await ask('--details', '--code', 'publisher-workflow');
    expect(out).toContain(`package         ${long}\n`);
    expect(out).toContain('considered      ui: a\n                b: c\n');
    expect(out).toContain('message         \\u{1b}[2J\n');
  });

  test('shows outcomes in colour where there is any, and nowhere else', async () => {
    const { out } = await countersign(['audit', '--file', path], { colour: true, now: () => noon });
    expect(out).toContain('\u001b[31mrefused\u001b[0m  ');
    expect((await ask()).out).not.toContain('\u001b');
  });

  test('may be stdin', async () => {
    const { out } = await countersign(['audit', '--file', '-', '--json', '-n', '1'], { stdin: readFileSync(path, 'utf8') });
    expect((JSON.parse(out) as AuditEntry).id).toBe(passed);
  });

  test.each([
    [['--outcome', 'denied'], /--outcome denied is none of minted/],
    [['--from', 'yesterday'], /--from is neither ISO 8601/],
    [['--limit', 'x'], /--limit is a whole number/],
    [['--json', '--csv'], /cannot be used with/],
  ])('with %j is a usage error', async (argv, message) => {
    const { code, err } = await ask(...argv);
    expect([code, err]).toEqual([2, expect.stringMatching(message)]);
  });

  test('that is not there is one, too', async () => {
    const { code, err } = await countersign(['audit', '--file', join(path, 'no')]);
    expect([code, err]).toEqual([2, expect.stringMatching(/cannot be read/)]);
  });
});

describe('the running proxy', () => {
  const token = 'the-admin-token-of-tests';
  let world: World;
  beforeAll(async () => {
    const env = { ADMIN_TOKEN: token };
    world = await startWorld({ server: (port) => ({ admin: { listen: `127.0.0.1:${port}`, token: '${ADMIN_TOKEN}' } }), env });
    const upload = await world.pypiToken();
    for (let i = 0; i < 3; i += 1) await world.uploadPypi(upload, `1.${i}`);
    await world.exchangeNpm('@acme/ui', { workflow_ref: 'acme/ui/.github/workflows/build.yml@refs/heads/main' });
    await world.proxy.event(({ outcome }) => outcome === 'refused');
  }, 30_000);
  afterAll(() => world.close());
  const env = { ADMIN_TOKEN: token };

  test('is asked at the address and with the token of the policy file', async () => {
    const { code, out } = await countersign(['audit', '-c', world.proxy.config, '--outcome', 'uploaded', '--json'], { env });
    expect(code).toBe(0);
    const found = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as AuditEntry);
    expect(found.map(({ version }) => version)).toEqual(['1.0', '1.1', '1.2']);
    expect(found[0]).toMatchObject({ package: 'acme-ui', anchor: 'acme/ui', provider: 'github' });
  });

  test('at another address is shown the token of COUNTERSIGN_ADMIN_TOKEN alone', async () => {
    const argv = ['audit', '-c', world.proxy.config, '--admin', world.proxy.admin, '-p', 'pypi:acme-ui', '-n', '2'];
    const without = await countersign(argv, { env });
    expect([without.code, without.err]).toEqual([4, expect.stringMatching(/answered 401\. Show the admin token/)]);
    const { code, out } = await countersign(argv, { env: { COUNTERSIGN_ADMIN_TOKEN: token } });
    expect([code, out.split('\n').length]).toEqual([0, 4]);
    expect(`${without.err}${out}`).not.toContain(token);
  });

  test('that does not answer is an outage', async () => {
    expect((await countersign(['audit', '--admin', 'http://127.0.0.1:1/'])).code).toBe(4);
  });

  /** Runs `audit --follow` and gives what it printed so far. */
  function following(...argv: string[]): () => string {
    const child = spawn(requires('node'), [join(ROOT, 'src', 'main.ts'), 'audit', '--follow', '--json', ...argv], {
      env: plainEnv({ COUNTERSIGN_ADMIN_TOKEN: token }),
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    adopt(child);
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
    closing.push(() => void child.kill('SIGKILL'));
    return () => out;
  }
  const closing: (() => void)[] = [];
  afterAll(() => closing.forEach((close) => close()));
  const versions = (out: string): (string | undefined)[] =>
    out
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as AuditEntry).version);

  test('is followed: what comes is shown once, in order', async () => {
    const out = following('--admin', world.proxy.admin, '--outcome', 'uploaded', '-n', '1');
    await expect.poll(() => versions(out()), { timeout: 10_000 }).toEqual(['1.2']);
    const upload = await world.pypiToken();
    for (const version of ['2.0', '2.1']) await world.uploadPypi(upload, version);
    await expect.poll(() => versions(out()), { timeout: 10_000 }).toEqual(['1.2', '2.0', '2.1']);
    await world.uploadPypi(upload, '2.2');
    await expect.poll(() => versions(out()), { timeout: 10_000 }).toEqual(['1.2', '2.0', '2.1', '2.2']);
  });

  test('a file is followed, also when it is written by halves and begun anew', async () => {
    const path = join(tempDir('audit'), 'log.jsonl');
    const [first = '', second = '', third = ''] = ['1', '2', '3'].map((version) => logOf([entryOf({ version })]).split('\n')[2]);
    writeFileSync(path, `${first}\n`);
    const out = following('--file', path);
    await expect.poll(() => versions(out()), { timeout: 10_000 }).toEqual(['1']);
    appendFileSync(path, second.slice(0, 40));
    await new Promise((resolve) => setTimeout(resolve, 600));
    appendFileSync(path, `${second.slice(40)}\n`);
    await expect.poll(() => versions(out()), { timeout: 10_000 }).toEqual(['1', '2']);
    writeFileSync(path, `${third}\n`);
    await expect.poll(() => versions(out()), { timeout: 10_000 }).toEqual(['1', '2', '3']);
  });
});
