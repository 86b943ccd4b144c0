// `migration`: from a log and from an admin listener, what each package's state is and what is suggested.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { countersign, written } from './fake-terminal.ts';

const policy = `issuers:
  github: {}
registries:
  npm:
    protocol: npm
    url: https://npm.acme.dev/
    upstream: http://verdaccio:4873/
    credential: none
    long_lived_tokens: warn
    trusted_only: ["@acme/locked"]
  pypi:
    protocol: pypi
    url: https://pypi.acme.dev/
    upstream: http://pypiserver:8080/
    credential: none
    long_lived_tokens: refuse
publishers:
  - name: ui-release
    from: { issuer: github, repository: acme/ui, repository_owner_id: 12, workflow: release.yml, environment: production, ref: refs/tags/v* }
    publish:
      npm: ["@acme/ui", "@acme/icons", "@acme/back", "@acme/locked", "@acme/fonts-*"]
      pypi: [acme-ui]
`;

const at = (day: number): string => `2026-11-${String(day).padStart(2, '0')}T10:00:00.000Z`;
const record = (fields: object): object => ({ level: 'info', pid: 7, audit: true, v: 1, registry: 'npm', ...fields });
const longLived = (name: string | undefined, day: number, more: object = {}): object =>
  record({
    event: 'pass-through',
    outcome: 'long-lived',
    time: at(day),
    package: name,
    client: 'npm/10.9.0 node/v20',
    address: '10.0.0.7',
    ...more,
  });
const trusted = (name: string, day: number, more: object = {}): object =>
  record({ event: 'upload', outcome: 'uploaded', time: at(day), package: name, publishers: ['ui-release'], ...more });

const events = [
  longLived('@acme/old', 3),
  longLived('@acme/old', 5, { client: 'yarn/1.22.22' }),
  longLived('@acme/old', 4),
  longLived('@acme/ui', 5),
  longLived('@acme/icons', 2),
  trusted('@acme/icons', 4),
  trusted('@acme/icons', 6),
  trusted('@acme/back', 4),
  longLived('@acme/back', 6),
  trusted('@acme/locked', 4),
  trusted('@acme/fonts-a', 4),
  longLived(undefined, 4),
  record({ event: 'upload', outcome: 'forwarding', time: at(1), package: '@acme/never' }),
  record({ event: 'exchange', outcome: 'minted', time: at(1), package: '@acme/never' }),
  record({
    event: 'upload',
    outcome: 'refused',
    code: 'long-lived-refused',
    registry: 'pypi',
    time: at(7),
    package: 'acme-ui',
    client: 'twine/6',
  }),
  trusted('gone', 4, { registry: 'not-configured' }),
];

interface Row {
  readonly package: string;
  readonly state: string;
  readonly long_lived: Record<string, unknown>;
}
interface Report {
  readonly registries: readonly { registry: string; packages: readonly Row[]; unnamed: number; trusted_only: readonly string[] }[];
}

async function report(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Report> {
  const { code, out, err } = await countersign(['migration', '--config', written('countersign.yaml', policy), '--json', ...args], { env });
  expect(code, err).toBe(0);
  return JSON.parse(out) as Report;
}
const log = written(
  'countersign.log',
  [{ level: 'info', msg: 'listening' }, ...events].map((each) => `${JSON.stringify(each)}\n`).join('') + 'no json\n',
);

describe('migration', () => {
  test('says of each package what it lives on, who may publish it, and what can be confined', async () => {
    const { registries } = await report(['--audit', log]);
    const [npm, pypi] = registries;
    expect(npm?.packages.map((row) => [row.package, row.state])).toEqual([
      ['@acme/old', 'uncovered'],
      ['@acme/ui', 'waiting'],
      ['@acme/back', 'back'],
      ['@acme/fonts-a', 'moved'],
      ['@acme/icons', 'moved'],
      ['@acme/locked', 'locked'],
    ]);
    expect(npm?.packages[0]?.long_lived).toEqual({ count: 3, refused: 0, at: at(5), client: 'yarn/1.22.22', address: '10.0.0.7' });
    expect(npm).toMatchObject({ unnamed: 1, trusted_only: ['@acme/fonts-a', '@acme/icons'] });
    expect(pypi?.packages).toMatchObject([{ package: 'acme-ui', state: 'locked', long_lived: { refused: 1, client: 'twine/6' } }]);
  });

  test('in words, with what to paste', async () => {
    const { code, out } = await countersign(['migration', '--config', written('countersign.yaml', policy), '--audit', log]);
    expect(code).toBe(0);
    expect(out).toContain('npm: long_lived_tokens warn, 6 seen');
    expect(out).toMatch(
      /FAIL {2}@acme\/old\n {6}3 with a long-lived token; last 2026-11-05 by yarn\/1\.22\.22 from 10\.0\.0\.7\n {6}no publisher/,
    );
    expect(out).toContain('ui-release may publish it and has not yet');
    expect(out).toContain('    trusted_only: ["@acme/fonts-a", "@acme/icons"]');
    expect(out).toContain('1 with a long-lived token that do not say for what');
    for (const line of out.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100);
  });

  test('reads several files, and stdin', async () => {
    const half = (from: number, to?: number): string =>
      written(
        'half.log',
        events
          .slice(from, to)
          .map((each) => JSON.stringify(each))
          .join('\n'),
      );
    expect(await report(['--audit', half(0, 5), half(5)])).toEqual(await report(['--audit', log]));
    const { out } = await countersign(['migration', '--config', written('countersign.yaml', policy), '--json', '--audit', '-'], {
      stdin: events.map((each) => JSON.stringify(each)).join('\n'),
    });
    expect(JSON.parse(out)).toEqual(await report(['--audit', log]));
  });

  test('asks the admin listener page by page, with its token, for what it needs', async () => {
    const asked: { url: URL; authorization: string | undefined }[] = [];
    const server = createServer((req: IncomingMessage, res) => {
      const url = new URL(req.url ?? '', 'http://admin');
      asked.push({ url, authorization: req.headers.authorization });
      const wanted = events.filter((each) => {
        const event = each as { outcome: string; code?: string };
        return url.searchParams.getAll('outcome').includes(event.outcome) || url.searchParams.get('code') === event.code;
      });
      const from = Number(url.searchParams.get('cursor') ?? 0);
      const body = { events: wanted.slice(from, from + 4), next: from + 4 < wanted.length ? String(from + 4) : null };
      res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    try {
      const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      const told = await report(['--audit', log]);
      expect(await report(['--admin', `http://${address}/`], { COUNTERSIGN_ADMIN_TOKEN: 'open-sesame-0123456789abcdef01234' })).toEqual(
        told,
      );
      const own = written('countersign.yaml', `server: { admin: { listen: "${address}", token: "\${ADMIN_TOKEN}" } }\n${policy}`);
      const { out } = await countersign(['migration', '--config', own, '--json'], {
        env: { ADMIN_TOKEN: 'open-sesame-0123456789abcdef01234' },
      });
      expect(JSON.parse(out)).toEqual(told);
      expect(
        asked.every(
          ({ url, authorization }) => url.pathname === '/api/v1/events' && authorization === 'Bearer open-sesame-0123456789abcdef01234',
        ),
      ).toBe(true);
    } finally {
      await new Promise((resolve) => void server.close(resolve));
    }
  });

  test.each([
    ['both', ['--audit', log, '--admin', 'http://127.0.0.1:1/'], 2, /'--admin <url>' cannot be used with option '--audit/],
    ['a file that is not there', ['--audit', '/nowhere/log'], 2, /\/nowhere\/log cannot be read/],
    ['a file without a record', ['--audit', written('other.log', '{"msg":"x"}\nhello\n')], 2, /no audit record/],
    ['an address that does not answer', ['--admin', 'http://127.0.0.1:1/'], 4, /nothing listens there/],
    ['no address', ['--admin', 'x y'], 2, /not a URL/],
  ])('with %s it says what is missing', async (_, args, expected, message) => {
    const { code, err } = await countersign(['migration', '--config', written('countersign.yaml', policy), ...args]);
    expect([code, err]).toEqual([expected, expect.stringMatching(message)]);
  });
});
