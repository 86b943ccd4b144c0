// Lines that cannot be written yet, or at all.
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createLines } from '../../src/log/lines.ts';
import { tempDir } from '../support/temp.ts';

test('FLT-20 a reader that stalls: lines wait in bounded memory, the rest is lost and counted, and what is read is whole', async () => {
  const path = join(tempDir('fifo'), 'log');
  execFileSync('mkfifo', [path]);
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const lines = createLines(fd);
  const filler = 'x'.repeat(1000);
  for (let i = 0; i < 20_000; i += 1) lines.write(`${i} ${filler}\n`);
  const buffer = Buffer.alloc(1024 * 1024);
  const chunks: string[] = [];
  // Until nothing has come for a while: the writer looks for room every 50 ms.
  const drain = async (): Promise<void> => {
    for (let last = Date.now(); Date.now() - last < 500; await sleep(1)) {
      try {
        chunks.push(buffer.toString('latin1', 0, readSync(fd, buffer)));
        last = Date.now();
      } catch {
        // Nothing there yet.
      }
    }
  };
  await drain();
  lines.write('after\n');
  await drain();
  const text = chunks.join('');
  const whole = text.split('\n').filter((line) => /^\d+ x{1000}$/.test(line)).length;
  const told = JSON.parse(/^\{.*"lost".*\}$/m.exec(text)?.[0] ?? '{}') as { lost?: number };
  expect(whole + (told.lost ?? 0)).toBe(20_000);
  expect(told.lost).toBeGreaterThan(1000);
  closeSync(fd);
}, 30_000);

test('FLT-20 a full disk: neither writing nor the last flush throws, or goes on for ever', async () => {
  const fd = openSync('/dev/full', 'w');
  const lines = createLines(fd);
  lines.write('one\n');
  await sleep(50);
  lines.write('two\n');
  lines.flush();
  expect(lines.failing()).toBe(true);
  // It stays open: every second it is tried again.
});
