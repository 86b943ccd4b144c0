// The project and the version that a distribution's own metadata names (PyPA core metadata: METADATA, PKG-INFO).
import { invalid } from '../refused.ts';

export interface CoreMetadata {
  readonly name: string;
  readonly version: string;
}

/** Every character at which some reader of text (Python's `splitlines`, its email parser) begins a new line. */
const lineEnds = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/g;

/** Lines are kept, each of them some hundred bytes: a description may be among them, a file of line ends may not (DOS-06). */
const lineLimit = 50_000;

/** A line as the most lenient reader would see it, and the characters around it. */
interface Line {
  readonly text: string;
  readonly before: string;
  readonly after: string;
}

/**
 * Reads both fields, each of which has to be there once whoever reads: Python takes the first of two, others the last, and what
 * one takes for a line, another takes for the rest of one. Throws `UploadRefused`.
 * @param file what it is called in refusals
 */
export function readCoreMetadata(bytes: Buffer, file: string): CoreMetadata {
  const lines = linesOf(headOf(bytes.toString('utf8')));
  if (lines.length > lineLimit) return invalid(`the ${file} in its file has more than ${lineLimit} lines`);
  const field = (name: string): string => {
    const found = lines.flatMap((line, index) => (named(line.text, name) ? [index] : []));
    const [index] = found;
    if (index === undefined) return invalid(`the ${file} in its file has no ${name}`);
    if (found.length > 1) invalid(`the ${file} in its file has more than one ${name}`);
    const { text, before, after } = lines[index] ?? { text: '', before: '', after: '' };
    const folded = /^[ \t]/.test(lines[index + 1]?.text ?? '');
    // A reader that stops at a line which is no header does not see what follows.
    const reached = lines.slice(0, index).every((line) => /^(?:[!-9;-~]+[ \t]*:|[ \t])/.test(line.text));
    if (!isPlain(before) || !isPlain(after) || folded || !reached) invalid(`the ${file} in its file can be read in two ways`);
    return trimmed(text.slice(text.indexOf(':') + 1));
  };
  return { name: field('Name'), version: field('Version') };
}

/** Up to the empty line that ends it for every reader. */
function headOf(text: string): string {
  const ends = ['\n\n', '\n\r\n'].map((end) => text.indexOf(end)).filter((at) => at >= 0);
  return ends.length === 0 ? text : text.slice(0, Math.min(...ends) + 1);
}

function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  let at = 0;
  let before = '\n';
  for (const match of text.matchAll(lineEnds)) {
    const [after] = match;
    lines.push({ text: text.slice(at, match.index), before, after });
    at = match.index + after.length;
    before = after;
    if (lines.length > lineLimit) return lines;
  }
  if (at < text.length) lines.push({ text: text.slice(at), before, after: '\n' });
  return lines;
}

function named(line: string, name: string): boolean {
  return line.slice(0, name.length).toLowerCase() === name.toLowerCase() && /^[ \t]*:/.test(line.slice(name.length));
}

/** Without spaces and tabs around it; in linear time, which a pattern for the end would not be (DOS-13). */
function trimmed(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === ' ' || text[end - 1] === '\t')) end -= 1;
  return text.slice(0, end).replace(/^[ \t]+/, '');
}

function isPlain(lineEnd: string): boolean {
  return lineEnd === '\n' || lineEnd === '\r\n';
}
