// Lines of other processes, passed on whole.
import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gather } from '../../src/log/gather.ts';
import { ROOT, requires } from '../support/requirement.ts';

interface Got {
  readonly lines: string[];
  lost: number;
}

async function gathered(chunks: readonly Uint8Array[]): Promise<Got> {
  const got: Got = { lines: [], lost: 0 };
  await gather(Readable.from(chunks, { objectMode: false }), { write: (line) => got.lines.push(line), lose: () => (got.lost += 1) });
  return got;
}

test('P7 wherever a stream is cut, each line comes out as it went in', async () => {
  const line = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => !text.includes('\n'));
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.array(fc.nat(400)), async (lines, cuts) => {
      const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
      const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).toSorted((a, b) => a - b), bytes.length];
      const chunks = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
      const got = await gathered(chunks);
      expect(got.lines).toEqual(lines.map((text) => `${text}\n`));
      expect(got.lost).toBe(0);
    }),
  );
});

test('P7 a line of a process that was killed in the middle of it is counted, not passed on', async () => {
  expect(await gathered([Buffer.from('one\ntw')])).toEqual({ lines: ['one\n'], lost: 1 });
});

test('FLT-21 two processes that write at once to a reader that stalls: every line arrives whole', async () => {
  const modules = ['lines', 'gather'].map((name) => `${ROOT}/src/log/${name}.ts`);
  const writer = `
    import { createLines } from ${JSON.stringify(modules[0])};
    const lines = createLines(1);
    for (let i = 0; i < 3000; i += 1) lines.write(JSON.stringify({ by: process.argv[1], i, filler: 'x'.repeat(700) }) + '\\n');
    await lines.settle();`;
  const above = `
    import { spawn } from 'node:child_process';
    import { gather } from ${JSON.stringify(modules[1])};
    import { createLines } from ${JSON.stringify(modules[0])};
    const lines = createLines(1);
    const start = (name) => spawn(process.execPath, ['--input-type=module', '-e', ${JSON.stringify(writer)}, name], { stdio: ['ignore', 'pipe', 'inherit'] });
    await Promise.all(['a', 'b'].map((name) => gather(start(name).stdout, lines)));
    await lines.settle();`;
  const child = spawn(requires('node'), ['--input-type=module', '-e', above], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    child.stdout.pause();
    void sleep(2).then(() => child.stdout.resume());
  });
  await new Promise((resolve) => child.stdout.once('close', resolve));
  const entries = text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { by: string; i: number });
  for (const name of ['a', 'b']) {
    expect(entries.filter(({ by }) => by === name).map(({ i }) => i)).toEqual(Array.from({ length: 3000 }, (_, i) => i));
  }
}, 30_000);
