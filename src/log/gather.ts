// The lines that other processes write, each passed on whole: workers that shared one pipe would write into each other's.
import type { Readable } from 'node:stream';
import type { Lines } from './lines.ts';

/**
 * Passes on what comes from `source` (UTF-8), line by line; resolves when it has ended. A pipe keeps only short writes in
 * one piece (`PIPE_BUF`, 4096 bytes on Linux), and only while it has room: an audit record that two processes wrote at once
 * would be lost (P7). A last line without its end, of a process that was killed, is counted as lost.
 */
export async function gather(source: Readable, lines: Pick<Lines, 'write' | 'lose'>): Promise<void> {
  let rest = '';
  source.setEncoding('utf8');
  for await (const chunk of source as AsyncIterable<string>) {
    const [first = '', ...others] = chunk.split('\n');
    if (others.length === 0) {
      rest += first;
      continue;
    }
    lines.write(`${rest}${first}\n`);
    rest = others.pop() ?? '';
    for (const line of others) lines.write(`${line}\n`);
  }
  if (rest !== '') lines.lose();
}
