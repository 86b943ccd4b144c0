// What makes a text one that nobody should have to read as YAML, found before it is parsed.
import type { Spot } from './locate.ts';

/** A problem, at its place. */
export interface TextProblem extends Spot {
  readonly message: string;
  readonly hint?: string;
}

/** What is wrong with the characters of a text, or with how deep it goes. */
export function textProblems(text: string, deepest: number): TextProblem[] {
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
  const deep = deepPlace(text, deepest);
  if (deep !== undefined) found.push({ offset: deep, length: 1, message: `nested deeper than ${deepest} levels` });
  // A file cut short in the middle of a line may hold the beginning of another name (POL-10).
  if (text !== '' && !text.endsWith('\n')) {
    const message = 'the last line does not end with a line break; the file may have been cut short';
    found.push({ offset: text.length - 1, length: 1, message, hint: 'end the file with a line break' });
  }
  return found;
}

/** Where brackets or indentation go deeper than allowed; counts brackets in texts too, which no policy has so many of. */
function deepPlace(text: string, deepest: number): number | undefined {
  let depth = 0;
  for (const { 0: bracket, index } of text.matchAll(/[[\]{}]/g)) {
    depth = bracket === '[' || bracket === '{' ? depth + 1 : Math.max(0, depth - 1);
    if (depth > deepest) return index;
  }
  const indented = new RegExp(`^(?: {${deepest * 4}}|(?:[-?] ){${deepest}})`, 'm').exec(text);
  return indented?.index;
}
