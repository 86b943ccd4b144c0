// `considered` of an audit record: a publisher that was considered and what differed, as one text, written and read here.
import type { Considered } from './match.ts';

/** A text read back. No differences: the job was right, the package was another. */
export interface ReadConsidered {
  readonly publisher: string;
  readonly differences: readonly { readonly field: string; readonly expected: string; readonly actual: string }[];
}

const otherPackage = 'other package';

/** `ui-release: workflow expected release.yml got build.yml; environment expected production got none`. */
export function describeConsidered({ publisher, checks }: Considered): string {
  const failed = checks
    .filter((check) => !check.ok)
    .map(({ field, expected, actual }) => `${field} expected ${value(expected)} got ${value(actual ?? 'none')}`);
  return `${publisher.name}: ${failed.join('; ') || otherPackage}`;
}

/** Whoever is refused chooses values: one that could be taken for the words around it is quoted. */
function value(text: string): string {
  return /^"|; | got /.test(text) ? JSON.stringify(text) : text;
}

const quoted = '"(?:[^"\\\\]|\\\\.)*"';
const difference = new RegExp(`^(\\S+) expected (${quoted}|.*?) got (${quoted}|.*?)(?:; |$)`, 's');

/** What `describeConsidered` wrote; of a text that was cut short, what is left. Never throws. */
export function readConsidered(text: string): ReadConsidered {
  const colon = text.indexOf(': ');
  const differences: ReadConsidered['differences'][number][] = [];
  let rest = text.slice(colon + 2);
  if (rest === otherPackage) rest = '';
  while (rest !== '') {
    const [whole, field = '', expected = '', actual = ''] = difference.exec(rest) ?? [];
    if (whole === undefined)
      return { publisher: text.slice(0, colon), differences: [...differences, { field: rest, expected: '', actual: '' }] };
    differences.push({ field, expected: plain(expected), actual: plain(actual) });
    rest = rest.slice(whole.length);
  }
  return { publisher: text.slice(0, colon), differences };
}

function plain(text: string): string {
  if (!text.startsWith('"')) return text;
  try {
    return String(JSON.parse(text));
  } catch {
    return text;
  }
}
