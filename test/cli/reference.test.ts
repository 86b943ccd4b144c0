// docs/cli.md and docs/refusals.md say what the code does; `npx vitest run test/cli/reference.test.ts -u` brings them up to date.
import { expect, test } from 'vitest';
import { exitMeanings } from '../../src/cli/exit.ts';
import { refusalKinds, type RefusalCode } from '../../src/core/refusal.ts';
import { exchange } from '../../src/core/refusals/exchange.ts';
import type { RefusalKind } from '../../src/core/refusals/kind.ts';
import { outage } from '../../src/core/refusals/outage.ts';
import { policy } from '../../src/core/refusals/policy.ts';
import { request } from '../../src/core/refusals/request.ts';
import { upload } from '../../src/core/refusals/upload.ts';
import { countersign } from './fake-terminal.ts';
import { filledIn, pagePath, preformatted, table } from './generated-docs.ts';

const commands = [
  'init',
  'serve',
  'check',
  'explain',
  'test',
  'pin',
  'doctor',
  'mint',
  'snippet',
  'audit',
  'migration',
  'health',
  'schema',
  'version',
];

test('docs/cli.md has the help of every command and the exit codes', async () => {
  const helps = await Promise.all(commands.map(async (name) => [name, preformatted((await countersign([name, '--help'])).out)]));
  const page = filledIn('cli.md', {
    help: preformatted((await countersign(['--help'])).out),
    'exit codes': table(
      ['code', 'means'],
      exitMeanings.map(({ code, means }) => [String(code), means]),
    ),
    ...(Object.fromEntries(helps) as Record<string, string>),
  });
  await expect(page).toMatchFileSnapshot(pagePath('cli.md'));
});

/** Values that name themselves: `{expected}`. */
const named = new Proxy<Record<string, string>>({}, { get: (_, key) => `{${String(key)}}` });

function sentence(kind: RefusalKind): string {
  return [kind.sentence(named), kind.fix(named)].join(' ').trim();
}

function rows(kinds: Readonly<Record<string, RefusalKind>>): string {
  const entries = Object.entries(kinds).toSorted(([a], [b]) => a.localeCompare(b, 'en'));
  return table(
    ['code', 'status', 'what the developer reads'],
    entries.map(([code, kind]) => [`\`${code}\``, String(kind.status), sentence(kind)]),
  );
}

test('docs/refusals.md has every refusal of core/refusal.ts with its sentence', async () => {
  const families = { exchange, policy, upload, request, outage };
  const codes = Object.values(families).flatMap((family) => Object.keys(family));
  expect(codes.toSorted()).toEqual(Object.keys(refusalKinds).toSorted());
  const page = filledIn('refusals.md', Object.fromEntries(Object.entries(families).map(([name, family]) => [name, rows(family)])));
  await expect(page).toMatchFileSnapshot(pagePath('refusals.md'));
});

test.each(Object.keys(refusalKinds) as RefusalCode[])('the refusal %s is one printable line that fits where clients show it', (code) => {
  const kind = refusalKinds[code];
  const message = sentence(kind);
  expect(message).toMatch(/^[\x20-\x7e]+$/);
  expect(message.length).toBeLessThanOrEqual(600);
  expect(message).not.toMatch(/undefined|unauthori[sz]ed|denied/i);
  expect(kind.status).toBeGreaterThanOrEqual(400);
});
