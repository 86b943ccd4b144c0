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
import { Repeated } from '../../src/store/repeated.ts';
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
  fc.constantFrom('\u007f', '\u0001', '\u001f', '\u001e', '\n', '__proto__', 'acme/ui', '\u0080', '"'),
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
  run: fc.record(
    { anchor: text, actor: fc.oneof(text, fc.constant('')), commit: text, ref: text, workflow: text, runUrl: text },
    { requiredKeys: ['anchor'] },
  ),
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
    const run = '\u001f'.repeat(13);
    for (const other of [
      '',
      'x',
      'x\u001f1\u001f2\u001f0\u001fx',
      `${run}??\u001f1`,
      `${run}\u001fr\u001fp\u001f9\u001f1e9\u001f`,
      `${run}\u001fr\u001fp\u001f9\u001f-1\u001f`,
    ])
      expect(readRecord(`2${other}\u001e`, hash)).toBeUndefined();
  });
});

describe('texts that come again', () => {
  const texts = fc.array(
    fc.oneof(fc.stringMatching(/^[ -~]{0,40}$/), fc.constantFrom('acme/ui', 'https://github.com/acme/ui', 'a'.repeat(30))),
    {
      maxLength: 40,
    },
  );

  test('are read as they were written', () => {
    fc.assert(
      fc.property(texts, (list) => {
        const [writing, reading] = [new Repeated(), new Repeated(maxRecordBytes)];
        for (const one of list) {
          expect(reading.lengthen(writing.shorten(one))).toBe(one);
          writing.learn(one);
          reading.learn(one);
        }
        expect(reading.broken).toBe(false);
      }),
    );
  });

  test('few of them do not become very much text (RED-14)', () => {
    const reading = new Repeated(maxRecordBytes);
    let text = 'x'.repeat(1000);
    for (let code = 1; code < 20 && !reading.broken; code += 1) {
      reading.learn(text);
      text = reading.lengthen(String.fromCharCode(code).repeat(100));
    }
    expect([reading.broken, text]).toEqual([true, '']);
    const bomb = `2${'\u001f'.repeat(5)}${'x'.repeat(100_000)}\u001f${'\u0001'.repeat(100_000)}\u001e`;
    expect(unpack(bomb, maxRecordBytes)).toBeUndefined();
  });

  test('that were not there are none', () => {
    const reading = new Repeated();
    expect([reading.lengthen('a\u0001'), reading.broken]).toEqual(['', true]);
  });
});

test('every claim that a provider keeps has a letter of its own', () => {
  const kept = providers.flatMap(({ claims }) => [...claims.required, ...claims.checked]);
  expect(kept.filter((name) => !claimNames.includes(name))).toEqual([]);
  expect(new Set(claimNames).size).toBe(claimNames.length);
});
