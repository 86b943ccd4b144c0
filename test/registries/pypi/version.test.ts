import { array, constantFrom, sample } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseVersion } from '../../../src/registries/pypi/version.ts';
import { describeWith } from '../../support/requirement.ts';
import { askPython } from './python.ts';

const spellings: readonly (readonly [string, string])[] = [
  ['1.0', '1.0'],
  ['1.0.0', '1.0.0'],
  ['v1.0', '1.0'],
  ['1!2.0', '1!2.0'],
  ['0!1', '1'],
  ['01.002', '1.2'],
  ['1.0a', '1.0a0'],
  ['1.0-ALPHA.1', '1.0a1'],
  ['1.0_beta2', '1.0b2'],
  ['1.0c3', '1.0rc3'],
  ['1.0preview', '1.0rc0'],
  ['1.0-1', '1.0.post1'],
  ['1.0.rev2', '1.0.post2'],
  ['1.0r', '1.0.post0'],
  ['1.0dev', '1.0.dev0'],
  ['1.0rc1.post2.dev3+Ubuntu-01.x', '1.0rc1.post2.dev3+ubuntu.1.x'],
  ['99999999999999999999999.0', '99999999999999999999999.0'],
];

const wrong = [
  '',
  'UNKNOWN',
  '1.0 ',
  ' 1.0',
  '1.0\n',
  '1..0',
  '.1',
  '1.',
  '1.0+',
  '1.0+a..b',
  '1.0-',
  'a1.0',
  '1.0x',
  '1_0',
  '1.0\u212a',
  '1.0ſ',
  '١.0',
  '1:2',
];

describe('versions (PEP 440)', () => {
  it.each(spellings)('%s has the normal form %s', (text, normal) => expect(parseVersion(text)?.normal).toBe(normal));

  it.each(wrong)('PY-08: %j is no version', (text) => expect(parseVersion(text)).toBeUndefined());

  it('holds versions equal that differ in trailing zeros only', () => {
    expect(parseVersion('1.0.0')?.key).toBe(parseVersion('1')?.key);
    expect(parseVersion('1.0.0rc1')?.key).toBe(parseVersion('1rc1')?.key);
    expect(parseVersion('0.0')?.key).toBe(parseVersion('0')?.key);
    expect(parseVersion('1.0.10')?.key).not.toBe(parseVersion('1.0.1')?.key);
    expect(parseVersion('1.0+a')?.key).not.toBe(parseVersion('1.0')?.key);
    expect(parseVersion('1!1.0')?.key).not.toBe(parseVersion('1.0')?.key);
  });

  it.each([
    '1'.repeat(50_000),
    '1.'.repeat(25_000),
    `1.0${'-'.repeat(50_000)}`,
    `1.0+${'a.'.repeat(25_000)}`,
    `1${'.0'.repeat(63)}!`,
    '0'.repeat(127),
  ])('DOS-13: reads version no. %# in under 10 ms', (text) => {
    const started = performance.now();
    for (let i = 0; i < 10; i += 1) parseVersion(text);
    expect((performance.now() - started) / 10).toBeLessThan(10);
  });
});

describeWith('python')('versions, compared with packaging', () => {
  const pieces = ['1', '0', '10', '.', '-', '_', '!', '+', 'a', 'rc', 'post', 'dev', 'v', 'c', '01', 'alpha', 'r'];
  const texts = sample(
    array(constantFrom(...pieces), { maxLength: 9 }).map((some) => some.join('')),
    { numRuns: 3000, seed: 440 },
  );

  it('reads exactly what packaging reads, and in the same normal form', async () => {
    const asked = [...spellings.map(([text]) => text), ...wrong.filter((text) => text === text.trim() && text !== '١.0'), ...texts];
    const answers = await askPython('version', asked);
    asked.forEach((text, i) => expect([text, parseVersion(text)?.normal ?? null]).toEqual([text, answers[i]]));
    expect(answers.filter((answer) => answer !== null).length).toBeGreaterThan(100);
  });

  it('holds equal what packaging holds equal', async () => {
    const valid = texts.filter((text) => parseVersion(text) !== undefined).slice(0, 60);
    const pairs = valid.flatMap((a) => valid.map((b) => [a, b] as const));
    const answers = await askPython('equal', pairs);
    pairs.forEach(([a, b], i) => expect([a, b, parseVersion(a)?.key === parseVersion(b)?.key]).toEqual([a, b, answers[i]]));
  });
});
