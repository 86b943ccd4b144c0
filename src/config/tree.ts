// Turns the nodes of a YAML document into plain values, and refuses whatever a reader could take for something else.
import type { Node, Pair, Scalar } from 'yaml';
import { spotOf, type Spot } from './locate.ts';
import { yaml } from './yaml-parser.ts';

export interface TreeProblem {
  readonly spot: Spot;
  readonly message: string;
  readonly hint?: string;
}

export interface TreeRead {
  readonly value: unknown;
  readonly problems: readonly TreeProblem[];
}

/**
 * Reads a document's contents, at most `deepest` levels. Aliases are never followed, so nothing can be multiplied (POL-09).
 * When there are problems the value is incomplete and means nothing.
 */
export function readTree(contents: Node | null, text: string, deepest: number): TreeRead {
  const reader = new TreeReader(text, deepest);
  return { value: reader.read(contents, 0), problems: reader.problems };
}

class TreeReader {
  readonly problems: TreeProblem[] = [];
  readonly #text: string;
  readonly #deepest: number;
  readonly #kinds = yaml();

  constructor(text: string, deepest: number) {
    this.#text = text;
    this.#deepest = deepest;
  }

  read(node: Node | null, depth: number): unknown {
    if (node === null) return null;
    const { isAlias, isMap, isScalar, isSeq } = this.#kinds;
    if (depth > this.#deepest) return this.#report(node, `nested deeper than ${this.#deepest} levels`);
    if (isAlias(node)) return this.#report(node, 'aliases are not supported', 'write the value out');
    this.#checkProperties(node);
    if (isScalar(node)) return this.#scalar(node);
    if (isSeq(node)) return node.items.map((item) => this.read(item as Node | null, depth + 1));
    if (!isMap(node)) return this.#report(node, 'not a value');
    const entries = node.items.map((pair: Pair) => [this.#key(pair.key as Node), this.read(pair.value as Node | null, depth + 1)]);
    return Object.fromEntries(entries.filter(([key]) => key !== undefined));
  }

  /** An anchor hides that two places share a value (POL-04); a tag makes another value of the same text (POL-05). */
  #checkProperties(node: Node & { anchor?: string; tag?: string }): void {
    const { anchor, tag } = node;
    if (anchor !== undefined) this.#report(node, `anchors (&${anchor}) are not supported`, 'write the value out');
    const { isMap, isSeq } = this.#kinds;
    const implied = isMap(node) ? 'tag:yaml.org,2002:map' : isSeq(node) ? 'tag:yaml.org,2002:seq' : undefined;
    if (tag !== undefined && tag !== implied) {
      this.#report(node, `tags (${tag.replace('tag:yaml.org,2002:', '!!')}) are not supported`, 'quote the value instead');
    }
  }

  #key(node: Node): string | undefined {
    if (!this.#kinds.isScalar(node)) return this.#report(node, 'a key is plain text');
    this.#checkProperties(node);
    const key = String(node.value);
    if (key === '<<') return this.#report(node, 'merge keys (<<) are not supported', 'write the keys out');
    if (key === '__proto__') return this.#report(node, 'unknown key "__proto__"');
    return key;
  }

  #scalar(node: Scalar): unknown {
    const [start = 0, end = 0] = node.range ?? [];
    // A value over several lines swallows the line below it when a line is lost (POL-11).
    if (this.#text.slice(start, end).includes('\n')) return this.#report(node, 'a value stands on one line');
    if (typeof node.value !== 'number') return node.value;
    // Only numbers whose digits come back unchanged: 0123 is 123 to one reader and 83 to another (POL-06).
    const source = node.source ?? '';
    if (/^(?:0|-?[1-9][0-9]*)$/.test(source) && Number.isSafeInteger(node.value)) return node.value;
    return this.#report(node, `the number ${source} does not survive YAML exactly`, `quote it: "${source}"`);
  }

  #report(node: Node, message: string, hint?: string): undefined {
    this.problems.push({ spot: spotOf(node) ?? { offset: 0, length: 1 }, message, ...(hint === undefined ? {} : { hint }) });
    return undefined;
  }
}
