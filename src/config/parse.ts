// Reads one YAML 1.2 file into plain values. Everything that two people could read differently is an error: anchors,
// aliases, tags, directives, several documents, tabs, numbers that do not survive, values over several lines.
import { LineCounter, parseDocument, type Document } from 'yaml';
import { firstLine, type Spot } from './locate.ts';
import type { Problems } from './problems.ts';
import type { Source } from './source.ts';
import { readTree } from './tree.ts';

/** Nesting that no policy needs; deeper text would only exercise the parser's stack (POL-08). */
const deepest = 64;

/**
 * Parses a file and reports all its problems.
 * @returns the source, and the value unless something made it unreadable
 */
export function parseSource(file: string, bytes: Uint8Array, problems: Problems): { source: Source; value: unknown } {
  const lines = new LineCounter();
  const decoded = decode(bytes);
  const text = decoded ?? '';
  const characters = decoded === undefined ? [{ offset: 0, length: 1, message: 'the file is not valid UTF-8' }] : textProblems(text);
  const document =
    characters.length > 0
      ? undefined
      : parseDocument(text, {
          version: '1.2',
          schema: 'core',
          uniqueKeys: true,
          strict: true,
          stringKeys: true,
          merge: false,
          prettyErrors: false,
          logLevel: 'error',
          lineCounter: lines,
        });
  if (document === undefined) countLines(text, lines);
  const source: Source = { file, text, lines, document };
  for (const { offset, length, message, hint } of characters) problems.add(source, { offset, length }, { code: 'syntax', message, hint });
  if (document === undefined || !reportSyntax(source, document, problems)) return { source, value: undefined };
  const read = readTree(document.contents, text, deepest);
  for (const { spot, message, hint } of read.problems) problems.add(source, firstLine(text, spot), { code: 'syntax', message, hint });
  return { source, value: read.problems.length > 0 ? undefined : read.value };
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return undefined;
  }
}

interface TextProblem extends Spot {
  readonly message: string;
  readonly hint?: string;
}

function textProblems(text: string): TextProblem[] {
  const found: TextProblem[] = [];
  const tab = text.indexOf('\t');
  if (tab !== -1) found.push({ offset: tab, length: 1, message: 'a tab: write spaces' });
  // Characters that a reviewer cannot see or sees in another order than the parser does.
  const unseen = /[^\P{Cc}\n\r\t]|\p{Cf}|\p{Zl}|\p{Zp}|\r(?!\n)/u.exec(text);
  if (unseen !== null) {
    const code = (unseen[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    found.push({ offset: unseen.index, length: 1, message: `the character U+${code} cannot be seen and is not allowed` });
  }
  const directive = /^%/m.exec(text);
  if (directive !== null) found.push({ offset: directive.index, length: 1, message: 'YAML directives are not supported' });
  const deep = deepPlace(text);
  if (deep !== undefined) found.push({ offset: deep, length: 1, message: `nested deeper than ${deepest} levels` });
  // A file cut short in the middle of a line may hold the beginning of another name (POL-10).
  if (text !== '' && !text.endsWith('\n')) {
    const message = 'the last line does not end with a line break; the file may have been cut short';
    found.push({ offset: text.length - 1, length: 1, message, hint: 'end the file with a line break' });
  }
  return found;
}

/** Where brackets or indentation go deeper than allowed; counts brackets in texts too, which no policy has so many of. */
function deepPlace(text: string): number | undefined {
  let depth = 0;
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i];
    if (character === '[' || character === '{') depth += 1;
    else if (character === ']' || character === '}') depth = Math.max(0, depth - 1);
    if (depth > deepest) return i;
  }
  const indented = new RegExp(`^(?: {${deepest * 4}}|(?:[-?] ){${deepest}})`, 'm').exec(text);
  return indented?.index;
}

function countLines(text: string, lines: LineCounter): void {
  lines.addNewLine(0);
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1);
}

/** False when the text is no YAML, so that its values mean nothing. Warnings of the parser are errors (POL-05). */
function reportSyntax(source: Source, document: Document.Parsed, problems: Problems): boolean {
  const all = [...document.errors, ...document.warnings];
  const repeated = all.filter((error) => error.code === 'DUPLICATE_KEY');
  for (const error of repeated) {
    const spot = keySpot(source.text, error.pos[0]);
    const message = `key ${source.text.slice(spot.offset, spot.offset + spot.length)} is written twice`;
    problems.add(source, spot, { code: 'syntax', message });
  }
  // What follows the first syntax error is mostly its echo.
  const first = all.find((error) => error.code !== 'DUPLICATE_KEY' && error.code !== 'TAG_RESOLVE_FAILED');
  if (first !== undefined) {
    const length = Math.max(1, first.pos[1] - first.pos[0]);
    const message =
      first.code === 'MULTIPLE_DOCS' ? 'a second YAML document; a policy file has one' : `not valid YAML: ${first.message.split('\n')[0]}`;
    problems.add(source, firstLine(source.text, { offset: first.pos[0], length }), { code: 'syntax', message });
  }
  return first === undefined && repeated.length === 0;
}

function keySpot(text: string, offset: number): Spot {
  const length = /^(?:"[^"\n]*"|'[^'\n]*'|[^:\n]*)/.exec(text.slice(offset, offset + 200))?.[0].length ?? 1;
  return { offset, length: Math.max(1, length) };
}
