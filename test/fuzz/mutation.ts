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
  | { readonly kind: 'replace'; readonly what: string; readonly nth: number; readonly with: string };

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
}

export function mutations({ tokens, swaps }: Grammar): fc.Arbitrary<readonly Mutation[]> {
  const spot: fc.Arbitrary<Spot> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ nth: fc.nat(100_000), shift: fc.integer({ min: -1, max: 1 }) }) },
    { weight: 1, arbitrary: fc.record({ fraction: fc.double({ min: 0, max: 1, noNaN: true }) }) },
  );
  const swap = fc.constantFrom(...swaps.flatMap(([what, by]) => by.map((each) => [what, each] as const)));
  return fc.array(
    fc.oneof<fc.Arbitrary<Mutation>[]>(
      fc.record({ kind: fc.constant('insert' as const), at: spot, text: fc.constantFrom(...tokens) }),
      fc.record({ kind: fc.constant('delete' as const), at: spot, bytes: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ kind: fc.constant('repeat' as const), at: spot, bytes: fc.integer({ min: 1, max: 80 }) }),
      fc.record({ kind: fc.constant('move' as const), from: fc.nat(1000), to: fc.nat(1000), keep: fc.boolean() }),
      fc.record({ pair: swap, nth: fc.nat(20) }).map(({ pair: [what, by], nth }) => ({ kind: 'replace' as const, what, nth, with: by })),
    ),
    { minLength: 1, maxLength: 4 },
  );
}

/** Applies them one after the other. */
export function mutate(text: string, list: readonly Mutation[], grammar: Grammar): string {
  return list.reduce((now, mutation) => apply(now, mutation, grammar), text);
}

function apply(text: string, mutation: Mutation, grammar: Grammar): string {
  if (mutation.kind === 'move') return move(text, mutation, grammar);
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
