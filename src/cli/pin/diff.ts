// Shows what changes in a file, as `diff -u` does.
import type { Edited } from './edit.ts';

/** Lines around a change that are shown. */
const context = 2;

/** Lines with their sign, in hunks that begin with `@@`; none when nothing changes. */
export function unifiedDiff(file: string, { lines }: Edited): string[] {
  const changed = lines.flatMap(({ before, after }, at) => (after.length === 1 && after[0] === before ? [] : [at]));
  if (changed.length === 0) return [];
  const hunks: { from: number; to: number }[] = [];
  for (const at of changed) {
    const last = hunks.at(-1);
    const to = Math.min(lines.length, at + context + 1);
    if (last !== undefined && at - context <= last.to) last.to = to;
    else hunks.push({ from: Math.max(0, at - context), to });
  }
  return [`--- ${file}`, `+++ ${file}`, ...hunks.flatMap(({ from, to }) => hunkLines(lines, from, to))];
}

function hunkLines(lines: Edited['lines'], from: number, to: number): string[] {
  const part = lines.slice(from, to);
  // The last line break makes an empty line of the text that is none of the file.
  const shown = to === lines.length && part.at(-1)?.before === '' ? part.slice(0, -1) : part;
  const added = lines.slice(0, from).reduce((sum, { after }) => sum + after.length - 1, 0);
  const length = shown.reduce((sum, { after }) => sum + after.length, 0);
  return [`@@ -${from + 1},${shown.length} +${from + 1 + added},${length} @@`, ...shown.flatMap(signed)];
}

function signed({ before, after }: Edited['lines'][number]): string[] {
  const [own = '', ...put] = after;
  const line = own === before ? [` ${before}`] : [`-${before}`, `+${own}`];
  return [...line, ...put.map((text) => `+${text}`)].map((text) => text.replace(/\r$/, ''));
}
