// docs/audit.md has every field, event and outcome of audit/event.ts; `npx vitest run test/audit/reference.test.ts -u` writes it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { auditEvents, auditFields, auditOutcomes, lineFields, type AuditField } from '../../src/audit/fields.ts';
import { filledIn, pagePath, table } from '../cli/generated-docs.ts';
import { ROOT } from '../support/requirement.ts';

const code = (text: string): string => `\`${text}\``;
const both = (entries: Readonly<Record<string, string>>): string[][] => Object.entries(entries).map(([name, says]) => [code(name), says]);

function names(source: string, pattern: RegExp): string[] {
  return [...source.matchAll(pattern)].map((found) => found[1] ?? '').toSorted((a, b) => (a < b ? -1 : 1));
}

function kind({ type, limit = 256, entries = 50 }: AuditField): string {
  if (type === 'number') return 'number';
  return type === 'text' ? `text, at most ${limit} characters` : `list of at most ${entries} texts of ${limit} characters`;
}

test('docs/audit.md has every field, event and outcome (P7)', async () => {
  const page = filledIn('audit.md', {
    fields: table(
      ['field', 'kind', 'says'],
      Object.entries(auditFields).map(([name, field]) => [code(name), kind(field), field.says]),
    ),
    line: table(['field', 'says'], both(lineFields)),
    events: table(['`event`', 'what'], both(auditEvents)),
    outcomes: table(['`outcome`', 'what'], both(auditOutcomes)),
  });
  await expect(page).toMatchFileSnapshot(pagePath('audit.md'));
});

test('the tables have the same names as the types of audit/event.ts', () => {
  const source = readFileSync(join(ROOT, 'src', 'audit', 'event.ts'), 'utf8');
  const fields = names(source, /^ {2}readonly (\w+)\??:/gm);
  expect(Object.keys(auditFields).toSorted()).toEqual(fields);
  const union = /type Outcome =([^;]+);/.exec(source)?.[1] ?? '';
  expect(Object.keys(auditOutcomes).toSorted()).toEqual(names(union, /'([^']+)'/g));
  const events = /readonly event:([^;]+);/.exec(source)?.[1] ?? '';
  expect(Object.keys(auditEvents).toSorted()).toEqual(names(events, /'([^']+)'/g));
});
