// What one thread found in the policy files, packed so that another takes it over in pieces: each is a few milliseconds of
// work, whatever the size of the policy.
import { deserialize, serialize } from 'node:v8';
import type { MessagePort, TransferListItem } from 'node:worker_threads';
import { Assembly } from './assemble.ts';
import type { Sections } from './compile/sections.ts';
import type { Configuration } from './configuration.ts';
import { mostTold, type Diagnostic } from './diagnostic.ts';
import type { PublisherHead } from './kept-publisher.ts';
import type { Findings, Found, Loaded } from './load.ts';

/** Publishers, or warnings, of one piece. */
const perPiece = 250;

/** Findings in pieces. */
export interface Packed extends Omit<Findings, 'publishers' | 'warnings'> {
  readonly publishers: readonly Uint8Array[];
  readonly warnings: readonly Uint8Array[];
}

export type HandedOver = { readonly ok: true; readonly packed: Packed } | Extract<Loaded, { readonly ok: false }>;

/** Packs what was found and posts it; nothing of it is copied on the way. */
export function post(found: Found, port: Pick<MessagePort, 'postMessage'>): void {
  if (!found.ok) return port.postMessage({ ...found, diagnostics: shortened(found.diagnostics) } satisfies HandedOver);
  const { findings } = found;
  const packed = { ...findings, publishers: pieces(findings.publishers), warnings: pieces(findings.warnings) };
  const transferred: TransferListItem[] = [...packed.publishers, ...packed.warnings].map(({ buffer }) => buffer);
  port.postMessage({ ok: true, packed } satisfies HandedOver, transferred);
}

/** An issuer that was renamed makes one error of each of its publishers. */
function shortened(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const [next, ...more] = errors.slice(mostTold - 1);
  if (next === undefined || more.length === 0) return diagnostics;
  const { source: _, ...rest } = next;
  const message = `and ${more.length + 1} more errors from here on`;
  return [...errors.slice(0, mostTold - 1), { ...rest, length: 1, message, hint: 'countersign check shows them all' }];
}

function pieces(list: readonly (PublisherHead | Diagnostic)[]): Uint8Array<ArrayBuffer>[] {
  const packed: Uint8Array<ArrayBuffer>[] = [];
  for (let from = 0; from < list.length; from += perPiece) {
    // A buffer of its own, from the first byte on: what shares one with others cannot be handed over.
    packed.push(Uint8Array.from(serialize(list.slice(from, from + perPiece))));
  }
  return packed;
}

/**
 * Puts the configuration together.
 * @param breathe lets whatever waits have its turn; called between two pieces
 */
export async function unpack(packed: Packed, sections: Sections, breathe: () => Promise<void>): Promise<Configuration> {
  const assembly = new Assembly(sections);
  for (const piece of packed.publishers) {
    assembly.add(deserialize(piece) as PublisherHead[]);
    await breathe();
  }
  for (const piece of packed.warnings) {
    assembly.warn(deserialize(piece) as Diagnostic[]);
    await breathe();
  }
  return assembly.configuration(packed);
}
