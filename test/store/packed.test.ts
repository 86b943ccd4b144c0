// How records are written: shorter than JSON, and nothing lost.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TokenRecord } from '../../src/core/grant.ts';
import type { Json } from '../../src/core/json.ts';
import type { PackagePattern } from '../../src/core/package-name.ts';
import { providers } from '../../src/providers/index.ts';
import { claimNames } from '../../src/store/claim-names.ts';
import { pack, unpack } from '../../src/store/packed.ts';
import { maxRecordBytes, readRecord } from '../../src/store/record.ts';
import { lengthen, shorten } from '../../src/store/words.ts';
import { freshHash, recordFor } from './requests.ts';

/** What the exchange keeps of a job of GitHub's. */
function jobRecord(hash: string): TokenRecord {
  const ref = 'refs/tags/v1.0.0';
  const workflow = `acme/ui/.github/workflows/release.yml@${ref}`;
  return {
    ...recordFor(hash, Date.now()),
    claims: {
      iss: 'https://token.actions.githubusercontent.com',
      aud: 'pypi.acme.test',
      repository: 'acme/ui',
      repository_id: '4711',
      repository_owner_id: '12',
      ref,
      workflow_ref: workflow,
      job_workflow_ref: workflow,
      event_name: 'push',
      environment: 'release',
      runner_environment: 'github-hosted',
    },
    grants: [
      {
        registry: 'pypi',
        publisher: 'ui-release',
        packages: Array.from({ length: 20 }, (_, i) => `acme-ui-part-${i}` as PackagePattern),
        allow: ['publish', 'yank'],
      },
    ],
    run: { anchor: 'acme/ui', commit: 'c0ffee'.repeat(6), ref, run: '4711', runUrl: 'https://github.com/acme/ui/actions/runs/4711' },
  };
}

const json = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>;
const text = fc.oneof(
  fc.string({ minLength: 1 }),
  fc.constantFrom('","', '\u0001', '\u0010', '\n', '__proto__', 'acme/ui', '$&', '\\n', '"'),
);
const records = fc.record({
  issuer: text,
  claims: fc.dictionary(fc.oneof(text, fc.constantFrom(...claimNames, '?', 'constructor')), json, { noNullPrototype: true }),
  grants: fc.array(
    fc.record({
      registry: text,
      publisher: text,
      packages: fc.array(text, { minLength: 1 }).map((names) => names as PackagePattern[]),
      allow: fc.subarray(['publish', 'dist_tag', 'deprecate', 'unpublish', 'yank'] as const),
    }),
    { minLength: 1 },
  ),
  run: fc.record({ anchor: text, actor: text, commit: text, ref: text, workflow: text, runUrl: text }, { requiredKeys: ['anchor'] }),
  maxUploads: fc.integer({ min: 1 }),
}) satisfies fc.Arbitrary<Partial<TokenRecord>>;

describe('a packed record', () => {
  test('is the record again, whatever the claims and names are', () => {
    fc.assert(
      fc.property(records, (change) => {
        const hash = freshHash();
        const record: TokenRecord = { ...recordFor(hash, Date.now()), ...change };
        // As JSON has it: there is no -0.
        expect(readRecord(pack(record), hash)).toEqual(JSON.parse(JSON.stringify(record)));
      }),
    );
  });

  test('takes a third of what it takes as JSON, with 20 packages granted', () => {
    const record = jobRecord(freshHash());
    expect(pack(record).length * 3).toBeLessThan(JSON.stringify(record).length * 1.1);
  });

  test('is read in the form before, which was JSON: tokens live on through an upgrade', () => {
    const hash = freshHash();
    const record = jobRecord(hash);
    expect(readRecord(JSON.stringify(record), hash)).toEqual(record);
    expect(() => JSON.parse(pack(record)) as unknown).toThrow(SyntaxError);
  });

  test('is no record when it was cut, or was minted for another token (RED-14)', () => {
    const hash = freshHash();
    const packed = pack(jobRecord(hash));
    for (let length = 0; length < packed.length; length += 1) expect(readRecord(packed.slice(0, length), hash)).toBeUndefined();
    expect(readRecord(packed, freshHash())).toBeUndefined();
  });

  test('is never thrown about, whatever somebody writes in its place (RED-14)', () => {
    const hash = freshHash();
    const packed = pack(jobRecord(hash));
    const tampered = fc.tuple(fc.nat(packed.length - 1), fc.nat(3), fc.string({ unit: 'binary', maxLength: 3 }));
    fc.assert(
      fc.property(tampered, ([at, drop, put]) => {
        const read = readRecord(packed.slice(0, at) + put + packed.slice(at + drop), hash);
        expect(read === undefined || read.id === hash.slice(0, 12)).toBe(true);
      }),
    );
    for (const other of [
      [],
      [1],
      ['a', 1, 2, 0, 'x', 'a'],
      ['a', 1, 2, 0, 'x', '??', 1, 2],
      ['a', 1, 2, 0, 'x', '', 'r', 0, 0, 0, 0, 0, 0, 0, null],
    ])
      expect(readRecord(`2${JSON.stringify(other)}`, hash)).toBeUndefined();
  });
});

describe('words', () => {
  test('come back as they were, in any text without control characters', () => {
    fc.assert(
      fc.property(json, fc.array(text, { maxLength: 12 }), (value, words) => {
        const plain = JSON.stringify([value, ...words, ...words]);
        expect(lengthen(shorten(plain, words), maxRecordBytes)).toBe(plain);
      }),
    );
  });

  test('few of them do not become very much text (RED-14)', () => {
    expect(lengthen(`${'x'.repeat(100_000)}\n${'\u0001'.repeat(100_000)}`, maxRecordBytes)).toBeUndefined();
    expect(unpack(`2${'x'.repeat(100_000)}\n${'\u0001'.repeat(100_000)}`, maxRecordBytes)).toBeUndefined();
  });

  test('that are not there are none', () => {
    for (const wrong of ['\u0001', 'a\n\u0002', '\u001f', 'a\nb\nc\nd\ne\nf\ng\nh\ni\n\u0001'])
      expect(lengthen(wrong, 100)).toBeUndefined();
  });
});

test('every claim that a provider keeps has a letter of its own', () => {
  const kept = providers.flatMap(({ claims }) => [...claims.required, ...claims.checked]);
  expect(kept.filter((name) => !claimNames.includes(name))).toEqual([]);
  expect(new Set(claimNames).size).toBe(claimNames.length);
});
