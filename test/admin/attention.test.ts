// What needs somebody, how far packages have moved, and how charts are drawn.
import { describe, expect, test } from 'vitest';
import { attention } from '../../src/admin/attention.ts';
import { progressBar, stackedBars } from '../../src/admin/chart.ts';
import { ago, duration, size } from '../../src/admin/figures.ts';
import { progressOf } from '../../src/admin/progress.ts';
import { createRing } from '../../src/audit/ring.ts';
import { summarise } from '../../src/audit/summary.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import type { AuditEvent } from '../../src/audit/event.ts';
import { keeping } from '../audit/contract.ts';
import { entryOf } from '../audit/entries.ts';
import { base } from '../config/policy-file.ts';
import { readMarkup } from './markup.ts';
import { day, noon, policyOf, well } from './room.ts';

const configuration = (): Promise<Configuration> =>
  policyOf(
    base.replace(
      'credential: none\n  pypi',
      'credential: none\n    long_lived_tokens: warn\n    trusted_only: ["@acme/ui-locked"]\n  pypi',
    ),
  );

async function factsOf(...events: readonly (readonly [AuditEvent, number])[]) {
  const audit = createRing(keeping, () => noon);
  for (const [event, at] of events) audit.add(entryOf(event, at));
  const summary = await summarise(audit, { days: 30, limit: 100 }, noon);
  const policy = await configuration();
  return {
    configuration: policy,
    status: well,
    summary,
    progress: progressOf(policy, summary.packages),
    lastUploads: new Map(),
    now: noon,
  };
}

const upload = { event: 'upload', outcome: 'uploaded', registry: 'npm', package: '@acme/ui', publishers: ['ui-release'] } as const;
const long = { event: 'pass-through', outcome: 'long-lived', registry: 'npm', package: '@acme/ui', client: 'npm/6' } as const;
const refused = { event: 'exchange', outcome: 'refused', anchor: 'acme/ui', package: '@acme/ui', code: 'publisher-ref' } as const;

describe('needs attention', () => {
  test('nothing, when everything is used and well', async () => {
    expect(attention(await factsOf([upload, noon]))).toEqual([]);
  });

  test('a publisher that was never used, as far as the record goes, and not before there is one', async () => {
    expect(attention(await factsOf())).toEqual([]);
    expect(attention(await factsOf([{ ...upload, publishers: ['other'] }, noon]))).toMatchObject([
      { level: 'notice', says: '1 publisher not used since the record began.', detail: 'ui-release' },
    ]);
  });

  test.each([
    ['three times today', 3, noon - 3_600_000, 1],
    ['twice', 2, noon, 0],
    ['often, but days ago', 9, noon - 2 * day, 0],
  ])('a repository that was refused %s', async (_, times, at, count) => {
    const found = attention(await factsOf([upload, noon], ...Array.from({ length: times }, () => [refused, at] as const)));
    expect(found.filter(({ says }) => says.startsWith('acme/ui was refused')).length).toBe(count);
  });

  test('a flood of strangers is nobody that is stuck', async () => {
    const stranger = { event: 'upload', outcome: 'refused', package: 'x', code: 'upload-unauthenticated' } as const;
    expect(attention(await factsOf([upload, noon], ...Array.from({ length: 50 }, () => [stranger, noon] as const)))).toEqual([]);
  });

  test('a package that went back, an upload without an answer, a credential that is refused: the last first', async () => {
    const facts = await factsOf([upload, noon - day], [long, noon]);
    const entry = entryOf({ ...upload, outcome: 'upstream-refused', code: 'upstream-credential' }, noon);
    const found = attention({ ...facts, lastUploads: new Map([['npm', entry]]) });
    expect(found.map(({ level, says }) => [level, says])).toEqual([
      ['problem', 'Registry npm refuses the service credential.'],
      ['notice', '@acme/ui was published with a long-lived token after it had moved.'],
    ]);
    const unknown = entryOf({ ...upload, version: '1.0.0', outcome: 'upstream-unknown' }, noon);
    expect(attention({ ...facts, lastUploads: new Map([['npm', unknown]]) })[0]?.says).toBe(
      'No clear answer came from registry npm for @acme/ui 1.0.0.',
    );
  });
});

describe('progress', () => {
  test('is by what was seen last and what the policy says', async () => {
    const at = (name: string, event: AuditEvent, ms: number): readonly [AuditEvent, number] => [{ ...event, package: name }, ms];
    const { progress } = await factsOf(
      at('@acme/ui', long, noon - 2 * day),
      at('@acme/ui', upload, noon - day),
      at('@acme/ui-back', upload, noon - 2 * day),
      at('@acme/ui-back', long, noon - day),
      at('@acme/ui-waiting', long, noon),
      at('@acme/ui-locked', upload, noon),
      at('@other/x', long, noon),
      [{ ...long, package: '', registry: 'npm' }, noon],
      [{ ...long, registry: 'gone' }, noon],
    );
    expect(progress.map(({ package: name, state }) => [name, state])).toEqual([
      ['@other/x', 'uncovered'],
      ['@acme/ui-waiting', 'waiting'],
      ['@acme/ui-back', 'back'],
      ['@acme/ui', 'moved'],
      ['@acme/ui-locked', 'locked'],
    ]);
  });
});

describe('charts', () => {
  const bars = (values: readonly (readonly number[])[]): readonly { class: string; y: number; height: number }[] => {
    const kinds = ['published', 'long-lived', 'refused'] as const;
    const series = values.map((list, i) => ({ name: kinds[i] ?? 'refused', kind: kinds[i] ?? 'refused', values: list }) as const);
    const drawn = String(stackedBars({ title: 't', steps: (values[0] ?? []).map((_, i) => `day ${i}`), series }));
    return readMarkup(drawn)
      .filter(({ name, attributes }) => name === 'rect' && attributes['class'] !== 'reach')
      .map(({ attributes }) => ({ class: attributes['class'] ?? '', y: Number(attributes['y']), height: Number(attributes['height']) }));
  };

  test('stack what is there from the bottom up, on a scale with an even top', () => {
    expect(
      bars([
        [3, 0],
        [1, 0],
        [0, 2],
      ]),
    ).toEqual([
      { class: 'published', y: 50, height: 150 },
      { class: 'long-lived', y: 0, height: 50 },
      { class: 'refused', y: 100, height: 100 },
    ]);
  });

  test.each([1, 7, 19, 99, 1_000, 1_001, 123_456])('of %i stay within the drawing', (most) => {
    const [bar] = bars([[most]]);
    expect(bar?.height).toBeLessThanOrEqual(200);
    expect(bar?.height).toBeGreaterThan(75);
    expect((bar?.y ?? 0) + (bar?.height ?? 0)).toBeCloseTo(200);
  });

  test('a progress bar is as long as its parts together, also of nothing', () => {
    const wide = (...values: readonly number[]): number =>
      readMarkup(
        String(
          progressBar(
            'p',
            values.map((value, i) => ({ kind: 'moved', name: `${i}`, value })),
          ),
        ),
      ).reduce((sum, { attributes }) => sum + Number(attributes['width'] ?? 0), 0);
    expect(wide(1, 2, 3)).toBeCloseTo(1000);
    expect(wide(0, 0)).toBe(0);
  });
});

describe('figures', () => {
  test.each([
    [0, 'just now'],
    [59_000, '1 min ago'],
    [3_600_000 * 5, '5 h ago'],
    [day, '1 day ago'],
    [-5 * day, 'in 5 days'],
  ])('%i ms ago is %s', (ms, text) => {
    expect(ago(noon - ms, noon)).toBe(text);
  });
  test('durations and sizes have units', () => {
    expect([duration(999), duration(1_340), duration(120_000), size(0), size(999), size(4_711), size(2e9)]).toEqual([
      '999 ms',
      '1.3 s',
      '2 min',
      '0 B',
      '999 B',
      '4.7 kB',
      '2.0 GB',
    ]);
  });
});
