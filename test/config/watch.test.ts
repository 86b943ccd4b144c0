import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { watchFolders } from '../../src/config/watch.ts';
import { folder } from './policy-file.ts';

/** Watches folders; `looks` are counted. */
function watching(folders: readonly string[], options: { poll?: number; delay?: number } = {}) {
  const look = vi.fn<() => void>();
  const watch = watchFolders({ look, poll: 60_000, delay: 20, ...options });
  watch.follow(folders);
  onTestFinished(watch.close);
  return { look, watch };
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

test('a file that is written, replaced by another, or removed is noticed', async () => {
  const into = folder();
  writeFileSync(join(into, 'a.yaml'), 'one');
  const { look } = watching([into]);
  for (const change of [
    () => writeFileSync(join(into, 'a.yaml'), 'two'),
    () => (writeFileSync(join(into, 'b'), 'three'), renameSync(join(into, 'b'), join(into, 'a.yaml'))),
    () => rmSync(join(into, 'a.yaml')),
  ]) {
    look.mockClear();
    change();
    await vi.waitFor(() => expect(look).toHaveBeenCalled(), 5000);
    await pause(60);
  }
});

test('many changes at once are one look, and a folder in which something always happens is looked at', async () => {
  const into = folder();
  const { look } = watching([into], { delay: 200 });
  for (let i = 0; i < 200; i += 1) writeFileSync(join(into, `f${i}`), '');
  await vi.waitFor(() => expect(look).toHaveBeenCalled(), 5000);
  expect(look.mock.calls.length).toBeLessThan(5);
  look.mockClear();
  const busy = setInterval(() => writeFileSync(join(into, 'log'), 'line\n', { flag: 'a' }), 20);
  onTestFinished(() => clearInterval(busy));
  await vi.waitFor(() => expect(look).toHaveBeenCalled(), 5000);
});

test('FLT-25 without notifications it is looked all the same', async () => {
  const { look } = watching([], { poll: 30 });
  await vi.waitFor(() => expect(look.mock.calls.length).toBeGreaterThan(2), 5000);
});

test('FLT-25 a folder that was removed and made again is watched again', async () => {
  const into = join(folder(), 'config');
  mkdirSync(into);
  const { look, watch } = watching([into]);
  rmSync(into, { recursive: true });
  mkdirSync(into);
  await pause(100);
  look.mockClear();
  // What every regular look does, too.
  watch.follow([into]);
  writeFileSync(join(into, 'a.yaml'), 'one');
  await vi.waitFor(() => expect(look).toHaveBeenCalled(), 5000);
});

test('FLT-25 a folder that is not there, and a limit of the system, leave it to the regular look', async () => {
  const { look } = watching([join(folder(), 'missing'), '/dev/null'], { poll: 30 });
  await vi.waitFor(() => expect(look).toHaveBeenCalled(), 5000);
});

test('after the end nothing is looked at', async () => {
  const into = folder();
  const { look, watch } = watching([into], { poll: 20 });
  writeFileSync(join(into, 'a'), '');
  watch.close();
  look.mockClear();
  writeFileSync(join(into, 'b'), '');
  await pause(100);
  expect(look).not.toHaveBeenCalled();
});
