// Reads one YAML 1.2 file into plain values. Everything that two people could read differently is an error: anchors,
// aliases, tags, directives, several documents, tabs, numbers that do not survive, values over several lines.
import type { Document } from 'yaml';
import { firstLine, locate, type Spot } from './locate.ts';
import { readPlainYaml, type PlainYaml } from './plain-yaml.ts';
import type { Problems } from './problems.ts';
import { Lines, type Source } from './source.ts';
import { textProblems } from './text-problems.ts';
import { readTree } from './tree.ts';
import { yaml } from './yaml-parser.ts';

/** Nesting that no policy needs; deeper text would only exercise the parser's stack (POL-08). */
export const deepest = 64;

/** Parses a file and reports all its problems. */
export function parseSource(file: string, bytes: Uint8Array, problems: Problems): Source {
  const decoded = decode(bytes);
  const text = decoded ?? '';
  const found = decoded === undefined ? [{ offset: 0, length: 1, message: 'the file is not valid UTF-8' }] : textProblems(text, deepest);
  if (found.length === 0) return parsePlain(file, text) ?? parseThoroughly(file, text, problems);
  const source = sourceOf(file, text, null, undefined);
  for (const { offset, length, message, hint } of found) problems.add(source, { offset, length }, { code: 'syntax', message, hint });
  return source;
}

/** Undefined for what only the parser can read or find fault with. */
function parsePlain(file: string, text: string): Source | undefined {
  let kept = readPlainYaml(text);
  if (kept === undefined) return undefined;
  const read = (): PlainYaml => {
    kept ??= readPlainYaml(text);
    if (kept === undefined) throw new Error(`${file} reads otherwise the second time`);
    return kept;
  };
  return {
    file,
    text,
    lines: new Lines(text),
    value: () => read().value,
    locate: (path, part) => read().spots.locate(read().value, text, path, part),
    forget: () => (kept = undefined),
  };
}

/** The same by the parser of all of YAML alone, for a text without `textProblems`. */
export function parseThoroughly(file: string, text: string, problems: Problems): Source {
  const document = parseWhole(text);
  const { contents } = document;
  const source = sourceOf(file, text, contents, undefined);
  if (!reportSyntax(source, document, problems)) return source;
  const read = readTree(contents, text, deepest);
  for (const { spot, message, hint } of read.problems) problems.add(source, firstLine(text, spot), { code: 'syntax', message, hint });
  return read.problems.length > 0 ? source : sourceOf(file, text, contents, read.value);
}

function sourceOf(file: string, text: string, contents: Document.Parsed['contents'], value: unknown): Source {
  const find: Source['locate'] = (path, part) => locate(contents, text, path, part);
  return { file, text, lines: new Lines(text), value: () => value, locate: find, forget: () => undefined };
}

function parseWhole(text: string): Document.Parsed {
  return yaml().parseDocument(text, {
    version: '1.2',
    schema: 'core',
    uniqueKeys: true,
    strict: true,
    stringKeys: true,
    merge: false,
    prettyErrors: false,
    logLevel: 'error',
  });
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return undefined;
  }
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
