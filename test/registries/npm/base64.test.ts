// The text of a tarball in blocks: what is taken is strict base64, wherever in it something is wrong.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Base64Text } from '../../../src/registries/npm/base64.ts';

const block = 64 * 1024;

function decoded(text: string, expected?: number): Buffer | 'refused' {
  const reading = new Base64Text(expected);
  reading.append(Buffer.from(text, 'latin1'));
  reading.end();
  try {
    const blocks: Buffer[] = [];
    // Each is a view that is good until the next but one.
    let last: Buffer = Buffer.alloc(0);
    for (const bytes of reading.decode()) {
      blocks.push(Buffer.from(last));
      last = bytes;
    }
    blocks.push(last);
    return Buffer.concat(blocks);
  } catch {
    return 'refused';
  }
}

test('NPM-16 what encodes back to itself is taken, and nothing else, in every block', () => {
  const bytes = Buffer.alloc(500_000, 'a tarball, more or less ');
  const places = [0, 1, block - 4, block - 1, block, block + 1, 2 * block - 2, 2 * block - 1, 2 * block, 9 * block - 1, 9 * block];
  const change = fc.tuple(
    fc.nat(7),
    fc.constantFrom(undefined, 0, 5, 1000, block, 10_000_000),
    fc.oneof(fc.constantFrom(...places), fc.nat(667_000)),
    fc.nat(2),
    fc.constantFrom('', 'A', '-', '_', '=', '==', ' ', '\n', '\x80', '+', '/', 'AAAA', '-A'),
  );
  fc.assert(
    fc.property(change, ([cut, expectedLength, at, drop, put]) => {
      const good = bytes.subarray(cut).toString('base64');
      const text = good.slice(0, at) + put + good.slice(at + drop);
      const expected = Buffer.from(text, 'base64');
      expect(decoded(text, expectedLength)).toEqual(expected.toString('base64') === text ? expected : 'refused');
    }),
    { numRuns: 300 },
  );
});
