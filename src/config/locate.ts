// Finds where a key or a value of the policy stands in its file.
import type { Node, Pair, ParsedNode } from 'yaml';
import { yaml } from './yaml-parser.ts';

/** Keys and list positions from the top of the file. */
export type Path = readonly (string | number)[];

/** Characters of the file, counted from 0. */
export interface Spot {
  readonly offset: number;
  readonly length: number;
}

/**
 * The place of the value at a path, or of its key. What is missing is shown at the key of the nearest thing that exists;
 * so is a value that spans lines or is empty, because a caret under it would say nothing.
 */
export function locate(contents: ParsedNode | null, text: string, path: Path, part: 'key' | 'value'): Spot {
  let node: Node | null | undefined = contents;
  let key: Node | undefined;
  let complete = true;
  for (const step of path) {
    const next: { node: Node | null; key: Node | undefined } | undefined = child(node, step);
    if (next === undefined) {
      complete = false;
      break;
    }
    node = next.node;
    key = next.key;
  }
  return chosenSpot(text, { complete, part, key: spotOf(key), value: spotOf(node) });
}

/** The one to show of the spots of a path's last part that exists, which is the whole path when it is `complete`. */
export function chosenSpot(
  text: string,
  { complete, part, key, value }: { complete: boolean; part: 'key' | 'value'; key: Spot | undefined; value: Spot | undefined },
): Spot {
  const onOneLine = value !== undefined && value.length > 0 && !text.slice(value.offset, value.offset + value.length).includes('\n');
  const chosen = complete && part === 'value' && onOneLine ? value : (key ?? value ?? { offset: 0, length: 1 });
  return firstLine(text, chosen);
}

/** The part of a spot that stands on its first line; at least one character. */
export function firstLine(text: string, spot: Spot): Spot {
  const offset = Math.min(spot.offset, Math.max(0, text.length - 1));
  const first = text.slice(offset, offset + spot.length).split(/\r?\n/, 1)[0] ?? '';
  return { offset, length: Math.max(1, first.trimEnd().length) };
}

function child(node: Node | null | undefined, step: string | number): { node: Node | null; key: Node | undefined } | undefined {
  const { isMap, isScalar, isSeq } = yaml();
  if (isSeq(node)) {
    const item = node.items[Number(step)];
    return item === undefined ? undefined : { node: item as Node, key: undefined };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find((candidate: Pair) => isScalar(candidate.key) && String(candidate.key.value) === String(step));
  return pair === undefined ? undefined : { node: pair.value as Node | null, key: pair.key as Node };
}

/** Where a node stands. */
export function spotOf(node: Node | null | undefined): Spot | undefined {
  const range = node?.range;
  return range === undefined || range === null ? undefined : { offset: range[0], length: range[1] - range[0] };
}
