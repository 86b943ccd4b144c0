import { expect, test } from 'vitest';
import { unknownClaims } from '../../src/core/claim-table.ts';
import { logUnknownClaims } from '../../src/server/unknown-claims.ts';

/** What is logged, as `provider claim` or the message. */
function logged(): { lines: string[]; tell: ReturnType<typeof logUnknownClaims> } {
  const lines: string[] = [];
  const warn = (fields: object, message: string): void => {
    const { provider, claim } = fields as { provider: string; claim?: string };
    lines.push(claim === undefined ? message : `${provider} ${claim}`);
  };
  return { lines, tell: logUnknownClaims({ warn }) };
}

test('each claim of each provider is logged once', () => {
  const { lines, tell } = logged();
  for (let i = 0; i < 3; i += 1) {
    tell('github', ['fork', 'team']);
    tell('gitlab', ['fork']);
  }
  expect(lines).toEqual(['github fork', 'github team', 'gitlab fork']);
});

test('names without end are no log without end', () => {
  const { lines, tell } = logged();
  for (let i = 0; i < 10_000; i += 1) tell('jenkins', [`claim-${i}`]);
  expect(lines).toHaveLength(201);
  expect(lines.at(-1)).toContain('more unknown claims');
});

test('a name is one printable line of bounded length', () => {
  const { lines, tell } = logged();
  tell('github', [`a\nb\u202Ec${'d'.repeat(5000)}`]);
  expect(lines).toEqual([`github a?b?c${'d'.repeat(95)}`]);
});

test('a claim that begins as the table says is known, and so is every claim where there is no table', () => {
  const table = { required: ['iss'], checked: ['ref'], unchecked: ['sub'], weak: [] };
  const set = { iss: '', ref: '', sub: '', repo_property_team: '', repo_proper: '', constructor: '' };
  expect(unknownClaims(set, table)).toEqual(['repo_property_team', 'repo_proper', 'constructor']);
  expect(unknownClaims(set, { ...table, prefixes: ['repo_property_'] })).toEqual(['repo_proper', 'constructor']);
  expect(unknownClaims(set, { ...table, prefixes: [''] })).toEqual([]);
});
