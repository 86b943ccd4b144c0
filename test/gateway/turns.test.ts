// Turns of uploads of one file, in this process.
import { expect, test } from 'vitest';
import { inTurn, type Turns } from '../../src/gateway/turns.ts';

/** Work that ends when it is told to. */
function work(log: string[], name: string) {
  let end: (error?: Error) => void = () => {};
  const done = new Promise<void>((resolve, reject) => {
    end = (error) => (error === undefined ? resolve() : reject(error));
  });
  const start = async (): Promise<string> => {
    log.push(`${name} begins`);
    await done;
    log.push(`${name} ends`);
    return name;
  };
  return { start, end };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('uploads of one file are worked on one after the other, in the order in which they came', async () => {
  const turns: Turns = new Map();
  const log: string[] = [];
  const [a, b, c] = [work(log, 'a'), work(log, 'b'), work(log, 'c')];
  const all = [a, b, c].map(({ start }) => inTurn(turns, 'file', start));
  c.end();
  b.end();
  await settled();
  expect(log).toEqual(['a begins']);
  a.end();
  expect(await Promise.all(all)).toEqual(['a', 'b', 'c']);
  expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  expect(turns.size, 'nothing is kept of them').toBe(0);
});

test('one that fails lets the next one through, and fails alone', async () => {
  const turns: Turns = new Map();
  const [a, b] = [work([], 'a'), work([], 'b')];
  const first = inTurn(turns, 'file', a.start);
  const second = inTurn(turns, 'file', b.start);
  a.end(new Error('the upstream went'));
  b.end();
  await expect(first).rejects.toThrow('the upstream went');
  expect(await second).toBe('b');
  expect(turns.size).toBe(0);
});

test('another file waits for nobody', async () => {
  const turns: Turns = new Map();
  const log: string[] = [];
  const [a, b] = [work(log, 'a'), work(log, 'b')];
  const first = inTurn(turns, 'one', a.start);
  b.end();
  expect(await inTurn(turns, 'other', b.start)).toBe('b');
  a.end();
  await first;
});

test('whoever waits too long is refused without any work, and who comes behind still waits for the one in front', async () => {
  const turns: Turns = new Map();
  const log: string[] = [];
  const [a, b, c] = [work(log, 'a'), work(log, 'b'), work(log, 'c')];
  const first = inTurn(turns, 'file', a.start);
  const second = inTurn(turns, 'file', b.start, 5);
  const third = inTurn(turns, 'file', c.start);
  expect(await second).toMatchObject({ code: 'too-many', status: 429, retryAfter: 30 });
  await settled();
  expect(log).toEqual(['a begins']);
  c.end();
  a.end();
  expect(await Promise.all([first, third])).toEqual(['a', 'c']);
  expect(log).toEqual(['a begins', 'a ends', 'c begins', 'c ends']);
  await settled();
  expect(turns.size).toBe(0);
});
