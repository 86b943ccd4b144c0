// The command tree: help, exit codes, output rules.
import { describe, expect, test } from 'vitest';
import { exitMeanings } from '../../src/cli/exit.ts';
import { mark, painter } from '../../src/cli/output.ts';
import { wantsColour } from '../../src/cli/terminal.ts';
import { uploadToken } from './fake-proxy.ts';
import { countersign, policy, policyEnv, written } from './fake-terminal.ts';

const commands = ['init', 'serve', 'check', 'explain', 'test', 'pin', 'doctor', 'mint', 'migration', 'health', 'schema', 'version'];

describe('help', () => {
  test('says what it is, shows every command, examples and every exit code', async () => {
    const { code, out, err } = await countersign(['--help']);
    expect(code).toBe(0);
    expect(err).toBe('');
    expect(out).toContain('Trusted publishing for the package registry you already run');
    for (const command of commands) expect(out).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
    for (const { code: number, means } of exitMeanings) expect(out).toContain(`  ${number}  ${means}`);
    expect(out).toContain('$ TWINE_PASSWORD=$(countersign mint');
  });

  test.each(commands)('exists for %s and has no line wider than 140 columns', async (command) => {
    const { code, out } = await countersign([command, '--help']);
    expect(code).toBe(0);
    expect(out).toContain(`Usage: countersign ${command}`);
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(140);
  });

  test('is what a bare `countersign` prints, on stderr and with code 2', async () => {
    const { code, out, err } = await countersign([]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain('Usage: countersign');
  });
});

describe('a wrong command line', () => {
  test('ends with 2 and suggests the command that was meant', async () => {
    const { code, out, err } = await countersign(['chek']);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain('Did you mean check?');
  });

  test.each([
    [['check', '--lives']],
    [['explain', '--claims', 'x.json']],
    [['mint', '--format', 'yaml']],
    [['mint', '--package', 'a b']],
    [['explain', '--package', 'npm:x', '--claims', 'a', '--token-file', 'b']],
    [['mint', 'surplus']],
  ])('%j is a usage error', async (argv) => {
    expect((await countersign(argv)).code).toBe(2);
  });

  test('does not echo an upload token that somebody put there (SEC-08)', async () => {
    const { code, err } = await countersign(['mint', `--token=${uploadToken}`]);
    expect(code).toBe(2);
    expect(err).not.toContain(uploadToken.slice(5, 20));
    expect(err).toContain('[upload token]');
  });
});

describe('--json', () => {
  test.each([
    [['version', '--json'], 0],
    [['schema', '--json'], 0],
    [['health', '--json', '--address', '127.0.0.1:1'], 1],
  ])('%j prints one JSON document', async (argv, expected) => {
    const { code, out } = await countersign(argv);
    expect(code).toBe(expected);
    expect(() => JSON.parse(out) as unknown).not.toThrow();
  });

  test('of check has the diagnostics with their places', async () => {
    const file = written('countersign.yaml', policy({ environment: 'any' }));
    const { code, out } = await countersign(['check', '--json', '--config', file], { env: policyEnv });
    expect(code).toBe(0);
    const printed = JSON.parse(out) as { ok: boolean; diagnostics: { severity: string; file: string; line: number }[]; summary: object };
    expect(printed.ok).toBe(true);
    expect(printed.summary).toMatchObject({ registries: 1, issuers: 1, publishers: 2 });
    expect(printed.diagnostics).toContainEqual(expect.objectContaining({ severity: 'warning', file, line: expect.any(Number) as number }));
  });
});

describe('colour', () => {
  test('is for terminals only, and NO_COLOR or TERM=dumb turn it off', () => {
    expect(wantsColour({}, true)).toBe(true);
    expect(wantsColour({ NO_COLOR: '' }, true)).toBe(true);
    expect(wantsColour({ NO_COLOR: '1' }, true)).toBe(false);
    expect(wantsColour({ TERM: 'dumb' }, true)).toBe(false);
    expect(wantsColour({}, false)).toBe(false);
    expect(wantsColour({}, undefined)).toBe(false);
  });

  test('marks are four columns wide with it and without', () => {
    for (const status of ['ok', 'warn', 'fail'] as const) {
      expect(mark(status, painter(false))).toHaveLength(4);
      expect(mark(status, painter(true))).toMatch(/^\u001b\[3\dm.{4}\u001b\[0m$/);
    }
  });
});
