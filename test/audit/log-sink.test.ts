// Audit lines: one per decision, whole, bounded, and never with a token (P7, SEC-13).
import { describe, expect, test } from 'vitest';
import type { AuditEvent } from '../../src/audit/event.ts';
import { logSink } from '../../src/audit/log-sink.ts';
import { createAudit } from '../../src/audit/record.ts';
import { formatToken } from '../../src/core/upload-token.ts';
import { createLogging } from '../../src/log.ts';

const complete: Required<AuditEvent> = {
  event: 'upload',
  outcome: 'uploaded',
  request: '0123456789abcdef',
  code: 'upload-scope',
  message: 'The upload token is for npm @acme/ui.',
  detail: 'detail',
  registry: 'npm',
  package: '@acme/ui',
  version: '1.2.3',
  file: 'ui-1.2.3.tgz',
  sha256: 'a'.repeat(64),
  bytes: 4711,
  publishers: ['ui-release'],
  issuer: 'github',
  provider: 'github',
  anchor: 'acme/ui',
  ids: ['repository_owner_id 11', 'repository_id 101'],
  actor: 'octocat',
  commit: 'b'.repeat(40),
  ref: 'refs/tags/v1.2.3',
  workflow: 'release.yml',
  environment: 'release',
  run: '4711',
  runUrl: 'https://github.com/acme/ui/actions/runs/4711',
  token: '0123456789ab',
  identity: 'ba9876543210',
  expires: 1_800_000_000,
  client: 'npm/12.2.0',
  address: '192.0.2.7',
  upstreamStatus: 201,
  milliseconds: 12,
  policy: 'abcdef012345',
  considered: ['ui-release: workflow expected release.yml got build.yml'],
  sample: 'a test',
};

function sink(level = 'info'): { audit: ReturnType<typeof createAudit>; lines: () => Record<string, unknown>[]; raw: string[] } {
  const raw: string[] = [];
  const { logger } = createLogging({ level, destination: { write: (line) => void raw.push(line) } });
  return { audit: createAudit([logSink(logger)]), raw, lines: () => raw.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('an audit line', () => {
  test('has every field of the event, and says what it is (P7, SEC-13)', () => {
    const { audit, lines } = sink();
    audit(complete);
    const id = expect.stringMatching(/^[0-9a-f]{16}$/) as string;
    expect(lines()).toEqual([{ level: 'info', time: expect.any(String) as string, pid: process.pid, audit: true, v: 1, id, ...complete }]);
  });

  test.each(['warn', 'error', 'fatal'])('is written whatever the level of the log: %s (P7)', (level) => {
    const { audit, raw } = sink(level);
    audit({ event: 'exchange', outcome: 'refused' });
    expect(raw).toHaveLength(1);
  });

  test('has no upload token and no identity token in it, wherever a caller put one (P7, SEC-05)', () => {
    const { audit, raw } = sink();
    const upload = formatToken(new Uint8Array(32).fill(3));
    const identity = 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2NpIn0.c2lnbmF0dXJl';
    audit({
      event: 'upload',
      outcome: 'refused',
      client: `x ${upload}`,
      file: identity,
      message: `pypi-${upload}`,
      considered: [`Bearer ${upload}`],
    });
    expect(raw.join('')).not.toContain(upload.slice(5, 25));
    expect(raw.join('')).not.toContain('eyJpc3Mi');
  });

  test.each([
    ['a line break', 'a\n{"audit":true,"outcome":"uploaded"}'],
    ['an escape sequence', 'a\u001b[2Jb'],
    ['a C1 control', 'a\u009b2Jb'],
    ['a line separator', 'a\u2028b'],
    ['a change of direction', 'a\u202eb'],
    ['a NUL', 'a\0b'],
    ['a lone surrogate', 'a\ud800b'],
  ])('stays one line of printable ASCII with %s in a claim (JWT-48, HDR-13, SEC-13)', (_, actor) => {
    const { audit, raw, lines } = sink();
    audit({ event: 'exchange', outcome: 'minted', actor });
    expect(raw).toHaveLength(1);
    expect(raw[0]).toMatch(/^[\x20-\x7e]+\n$/);
    expect(lines()[0]?.['outcome']).toBe('minted');
    expect(lines()[0]?.['actor']).toMatch(/^a\\u\{/);
  });

  test('is bounded, however much a caller sends', () => {
    const { audit, raw } = sink();
    const long = 'x'.repeat(1_000_000);
    const texts = Object.fromEntries(Object.keys(complete).map((name) => [name, long]));
    audit({
      ...texts,
      event: 'upload',
      outcome: 'refused',
      publishers: Array.from({ length: 10_000 }, () => long),
      considered: Array.from({ length: 10_000 }, () => long),
    } as unknown as AuditEvent);
    expect(raw[0]?.length).toBeLessThan(40_000);
  });

  test('leaves out what an event has beside its fields, and values of another kind', () => {
    const { audit, lines } = sink();
    const odd = { event: 'upload', outcome: 'refused', bytes: Number.NaN, actor: { name: 'x' }, secret: 'y' } as unknown as AuditEvent;
    audit(odd);
    expect(Object.keys(lines()[0] ?? {}).sort()).toEqual(['audit', 'event', 'id', 'level', 'outcome', 'pid', 'time', 'v']);
  });

  test('that cannot be written does not throw, and is counted', () => {
    let lost = 0;
    const logger = {
      child: () => ({
        info: () => {
          throw new Error('disk full');
        },
      }),
    };
    const audit = createAudit([logSink(logger, { lost: () => (lost += 1) })]);
    expect(() => audit(complete)).not.toThrow();
    expect(lost).toBe(1);
  });
});
