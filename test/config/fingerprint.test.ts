import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fingerprint, type KnownFiles } from '../../src/config/fingerprint.ts';
import { folder } from './policy-file.ts';

test('the fingerprint tells contents, missing files and names in a folder apart, and not the time of a file', async () => {
  const into = folder();
  const [a, b] = [join(into, 'a'), join(into, 'b')];
  const print = (): Promise<string> => fingerprint([a, b], [into]);
  const seen = new Set([await print()]);
  const changes = [
    () => writeFileSync(a, 'one'),
    () => writeFileSync(a, 'two'),
    () => writeFileSync(b, 'two'),
    () => (rmSync(a), mkdirSync(a)),
    () => writeFileSync(join(into, 'c'), ''),
  ];
  for (const change of changes) {
    change();
    expect(seen.has(await print())).toBe(false);
    seen.add(await print());
  }
  writeFileSync(b, 'two');
  expect(seen.has(await print())).toBe(true);
});

test('the fingerprint follows the symbolic links of a Kubernetes mount', async () => {
  const into = folder();
  const prints: string[] = [];
  for (const [index, revision] of ['one', 'two', 'two'].entries()) {
    const data = mkdtempSync(join(into, '..2026'));
    writeFileSync(join(data, 'policy.yaml'), revision);
    symlinkSync(data, join(into, '..next'));
    renameSync(join(into, '..next'), join(into, '..data'));
    if (index === 0) symlinkSync(join('..data', 'policy.yaml'), join(into, 'policy.yaml'));
    prints.push(await fingerprint([join(into, 'policy.yaml')]));
  }
  expect(prints[1]).not.toBe(prints[0]);
  expect(prints[2]).toBe(prints[1]);
});

test('a file that has been left alone is not read again, and one that was touched is', async () => {
  const file = join(folder(), 'a');
  writeFileSync(file, 'one');
  const known: KnownFiles = new Map();
  const print = (rest?: number): Promise<string> => fingerprint([file], [], known, rest);
  const one = await print();
  expect(known.size, 'written just now').toBe(0);
  expect(await print(-1)).toBe(one);
  // What is remembered, not what the file holds: it is not read.
  const [entry] = known.values();
  if (entry === undefined) throw new Error('nothing is remembered');
  known.set(file, { ...entry, print: 'remembered' });
  expect(await print(-1)).not.toBe(one);
  writeFileSync(file, 'two');
  const two = await print(-1);
  expect(two).toBe(await fingerprint([file]));
  expect(two).not.toBe(one);
  rmSync(file);
  expect(await print(-1)).toBe(await fingerprint([file]));
  expect(known.size, 'gone').toBe(0);
});
