// Mutations of bytes as data, so that fast-check can shrink a failing list of them to the one or two that matter.
import * as fc from 'fast-check';

/** Where: at the `nth` (modulo) place that matters to a parser, moved by some bytes; or at a fraction of the length. */
type Spot = { readonly nth: number; readonly shift: number } | { readonly fraction: number };

export type Mutation =
  | { readonly kind: 'insert'; readonly at: Spot; readonly text: string }
  | { readonly kind: 'delete'; readonly at: Spot; readonly bytes: number }
  | { readonly kind: 'repeat'; readonly at: Spot; readonly bytes: number }
  /** Copies the piece between two places that matter to a third: whole parts, members, headers. */
  | { readonly kind: 'move'; readonly from: number; readonly to: number; readonly keep: boolean }
  | { readonly kind: 'replace'; readonly what: string; readonly nth: number; readonly with: string }
  /** One of the grammar's growths, at the `nth` (modulo) place where it may stand. */
  | { readonly kind: 'grow'; readonly growth: number; readonly text: number; readonly nth: number };

/** What a grammar makes of bytes. All text is latin1: a character is a byte. */
export interface Grammar {
  /** Characters at which a parser decides something. */
  readonly special: RegExp;
  /** Where a piece that can be moved begins. */
  readonly piece: RegExp;
  /** What is inserted. */
  readonly tokens: readonly string[];
  /** Text that is replaced, and what by. */
  readonly swaps: readonly (readonly [what: string, by: readonly string[]])[];
  /**
   * What the grammar allows, of the nastiest kind: the match (which may be empty) is replaced by one of the texts, in which
   * `$` is a number of its own. A body that only grew is accepted most of the time, and gives the oracle something to read.
   */
  readonly growths: readonly { readonly at: RegExp; readonly texts: readonly string[] }[];
}

/** Half of the lists only grow, a fifth has one break of the grammar among what grew, and the others are breaks alone. */
export function mutations(grammar: Grammar): fc.Arbitrary<readonly Mutation[]> {
  const broken = breaking(grammar);
  if (grammar.growths.length === 0) return fc.array(broken, { minLength: 1, maxLength: 4 });
  const grown = growing(grammar);
  return fc.oneof(
    { weight: 5, arbitrary: fc.array(grown, { minLength: 1, maxLength: 6 }) },
    { weight: 2, arbitrary: fc.tuple(fc.array(grown, { maxLength: 3 }), broken).map(([some, one]) => [...some, one]) },
    { weight: 3, arbitrary: fc.array(broken, { minLength: 1, maxLength: 4 }) },
  );
}

function growing({ growths }: Grammar): fc.Arbitrary<Mutation> {
  const each = growths.map(({ texts }, growth) => fc.record({ kind: fc.constant('grow' as const), growth: fc.constant(growth), text: fc.nat(texts.length - 1), nth: fc.nat(1000) })); // prettier-ignore
  return fc.oneof(...each);
}

function breaking({ tokens, swaps }: Grammar): fc.Arbitrary<Mutation> {
  const spot: fc.Arbitrary<Spot> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ nth: fc.nat(100_000), shift: fc.integer({ min: -1, max: 1 }) }) },
    { weight: 1, arbitrary: fc.record({ fraction: fc.double({ min: 0, max: 1, noNaN: true }) }) },
  );
  const swap = fc.constantFrom(...swaps.flatMap(([what, by]) => by.map((each) => [what, each] as const)));
  return fc.oneof<fc.Arbitrary<Mutation>[]>(
    fc.record({ kind: fc.constant('insert' as const), at: spot, text: fc.constantFrom(...tokens) }),
    fc.record({ kind: fc.constant('delete' as const), at: spot, bytes: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ kind: fc.constant('repeat' as const), at: spot, bytes: fc.integer({ min: 1, max: 80 }) }),
    fc.record({ kind: fc.constant('move' as const), from: fc.nat(1000), to: fc.nat(1000), keep: fc.boolean() }),
    fc.record({ pair: swap, nth: fc.nat(20) }).map(({ pair: [what, by], nth }) => ({ kind: 'replace' as const, what, nth, with: by })),
  );
}

/** Applies them one after the other. */
export function mutate(text: string, list: readonly Mutation[], grammar: Grammar): string {
  return list.reduce((now, mutation) => apply(now, mutation, grammar), text);
}

function apply(text: string, mutation: Mutation, grammar: Grammar): string {
  if (mutation.kind === 'move') return move(text, mutation, grammar);
  if (mutation.kind === 'grow') return grow(text, mutation, grammar);
  if (mutation.kind === 'replace') {
    const places = placesOf(text, new RegExp(escapeText(mutation.what), 'g'));
    const at = places[mutation.nth % Math.max(places.length, 1)];
    return at === undefined ? text : text.slice(0, at) + mutation.with + text.slice(at + mutation.what.length);
  }
  const at = placeOf(text, mutation.at, grammar);
  if (mutation.kind === 'insert') return text.slice(0, at) + mutation.text + text.slice(at);
  if (mutation.kind === 'delete') return text.slice(0, at) + text.slice(at + mutation.bytes);
  return text.slice(0, at) + text.slice(at, at + mutation.bytes) + text.slice(at);
}

function grow(text: string, mutation: Extract<Mutation, { kind: 'grow' }>, { growths }: Grammar): string {
  const { at, texts } = growths[mutation.growth] ?? { at: /$/g, texts: [''] };
  const found = [...text.matchAll(at)];
  const match = found[mutation.nth % Math.max(found.length, 1)];
  if (match === undefined) return text;
  // A number of its own, so that two of one kind are no duplicate keys.
  const by = (texts[mutation.text] ?? '').replaceAll('$', String(mutation.nth));
  return text.slice(0, match.index) + by + text.slice(match.index + match[0].length);
}

function placeOf(text: string, spot: Spot, { special }: Grammar): number {
  if ('fraction' in spot) return Math.floor(spot.fraction * text.length);
  const places = placesOf(text, special);
  const place = places[spot.nth % Math.max(places.length, 1)] ?? 0;
  return Math.min(Math.max(place + spot.shift, 0), text.length);
}

function move(text: string, { from, to, keep }: Extract<Mutation, { kind: 'move' }>, { piece }: Grammar): string {
  const starts = placesOf(text, piece);
  if (starts.length < 2) return text;
  const first = from % (starts.length - 1);
  const [start = 0, end = text.length] = [starts[first], starts[first + 1]];
  const copied = text.slice(start, end);
  const target = starts[to % starts.length] ?? 0;
  const inserted = text.slice(0, target) + copied + text.slice(target);
  if (keep) return inserted;
  const old = target <= start ? start + copied.length : start;
  return inserted.slice(0, old) + inserted.slice(old + copied.length);
}

function placesOf(text: string, what: RegExp): number[] {
  return [...text.matchAll(what)].map(({ index }) => index);
}

function escapeText(text: string): string {
  return text.replaceAll(/[^\w]/g, String.raw`\$&`);
}
