// Lines appended to a file that is rotated, filled up, or torn in the middle.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { appendedFile } from '../../src/log/file.ts';
import { createLines } from '../../src/log/lines.ts';
import { requires, ROOT } from '../support/requirement.ts';
import { tempDir } from '../support/temp.ts';

/** The file is looked at once a second. */
const aLook = 1_050;

test('a file that was moved away is made anew, and one that was emptied is filled on', async () => {
  const path = join(tempDir('file'), 'audit.jsonl');
  const lines = createLines(appendedFile(path));
  const write = async (line: string): Promise<boolean> => {
    lines.write(`${line}\n`);
    return lines.written();
  };
  expect(await write('one')).toBe(true);
  expect(statSync(path).mode & 0o007).toBe(0);
  renameSync(path, `${path}.1`);
  await sleep(aLook);
  expect(await write('two')).toBe(true);
  truncateSync(path);
  expect(await write('three')).toBe(true);
  expect([readFileSync(`${path}.1`, 'utf8'), readFileSync(path, 'utf8')]).toEqual(['one\n', 'three\n']);
});

test('two writers share a file line by line', async () => {
  const path = join(tempDir('file'), 'audit.jsonl');
  const writers = ['a', 'b'].map((name) => ({ name, lines: createLines(appendedFile(path)) }));
  for (let i = 0; i < 2000; i += 1) for (const { name, lines } of writers) lines.write(`${name}${i} ${'x'.repeat(i % 97)}\n`);
  await Promise.all(writers.map(({ lines }) => lines.settle()));
  const got = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  for (const { name } of writers) {
    const mine = got.filter((line) => line.startsWith(name));
    expect(mine).toEqual(Array.from({ length: 2000 }, (_, i) => `${name}${i} ${'x'.repeat(i % 97)}`));
  }
});

test('FLT-20 a file that cannot be opened: the lines are given back, `written` says no, and it is tried again without a further line', async () => {
  const path = join(tempDir('file'), 'audit.jsonl');
  mkdirSync(path);
  const refused: string[] = [];
  let resumed = 0;
  const lines = createLines(appendedFile(path), { refused: (all, code) => refused.push(code, ...all), resumed: () => (resumed += 1) });
  expect(await lines.written()).toBe(true);
  lines.write('one\n');
  lines.write('two\n');
  expect(await lines.written()).toBe(false);
  await expect.poll(() => refused, { timeout: 3000 }).toEqual(['EISDIR', 'one\n', 'two\n']);
  expect([lines.failing(), lines.lost(), await lines.written()]).toEqual([true, 2, false]);
  rmdirSync(path);
  await expect.poll(() => resumed, { timeout: 3000 }).toBe(1);
  expect(readFileSync(path, 'utf8')).toMatch(/^\{"level":"error",.*"lost":2,.*\}\n$/);
  lines.write('three\n');
  expect([await lines.written(), lines.failing(), lines.lost()]).toEqual([true, false, 2]);
  expect(existsSync(path)).toBe(true);
});

test('FLT-20 a disk that takes half a line: the half stays alone, and what follows is whole', async () => {
  const folder = tempDir('file');
  const [path, program] = [join(folder, 'audit.jsonl'), join(folder, 'write.ts')];
  const modules = ['lines', 'file'].map((name) => JSON.stringify(join(ROOT, 'src', 'log', `${name}.ts`)));
  writeFileSync(
    program,
    `import { createLines } from ${modules[0]};
     import { appendedFile } from ${modules[1]};
     import { truncateSync } from 'node:fs';
     const lines = createLines(appendedFile(process.argv[2]));
     // 1024 bytes are all that this process may have in a file.
     lines.write('{"n":1,"filler":"' + 'x'.repeat(900) + '"}\\n');
     await lines.written();
     lines.write('{"n":2,"filler":"' + 'y'.repeat(900) + '"}\\n');
     console.log(await lines.written());
     // Somebody makes room, and leaves the half line where it is.
     truncateSync(process.argv[2], 0);
     lines.write('{"n":3}\\n');
     console.log(await lines.written(), lines.lost());`,
  );
  const run = `ulimit -f 1; exec "$0" --disable-warning=ExperimentalWarning "$@"`;
  const { stdout } = await promisify(execFile)('bash', ['-c', run, requires('node'), program, path]);
  expect(stdout).toBe('false\nfalse 1\n');
  const [blank, told, third, end] = readFileSync(path, 'utf8').split('\n');
  expect([blank, third, end]).toEqual(['', '{"n":3}', '']);
  expect(JSON.parse(told ?? '')).toMatchObject({ lost: 1 });
});
