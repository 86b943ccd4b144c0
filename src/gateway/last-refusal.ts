// The refusal of an exchange, remembered for a minute: npm and Yarn hide it, so the upload that follows has to say why.
import { isJsonObject } from '../core/json.ts';
import type { PackageName } from '../core/package-name.ts';
import { refuse, type Refusal } from '../core/refusal.ts';
import { parseStrictJson } from '../core/strict-json.ts';
import type { Store } from '../store/store.ts';

const minute = 60_000;

interface Note {
  readonly at: number;
  readonly message: string;
}

interface Where {
  readonly address: string | undefined;
  readonly name: PackageName;
}

/** Notes a refused exchange of one package from one address. Best effort: a store outage changes nothing. */
export async function noteRefusal(store: Store, where: Where, refusal: Refusal, now: number): Promise<void> {
  const note: Note = { at: now, message: refusal.message };
  await store.remember(keyOf(where), JSON.stringify(note), minute).catch(() => undefined);
}

/** The refusal for an upload without a good token, if an exchange for the same package and address was refused just before. */
export async function recallRefusal(
  room: { readonly store: Store; readonly now: () => number },
  call: { readonly about: { readonly address?: string } },
  name: PackageName,
): Promise<Refusal | undefined> {
  const text = await room.store.recall(keyOf({ address: call.about.address, name })).catch(() => undefined);
  const note = text === undefined ? undefined : readNote(text);
  if (note === undefined) return undefined;
  const seconds = Math.max(1, Math.round((room.now() - note.at) / 1000));
  return refuse('upload-exchange-refused', { ago: `${seconds} s`, reason: note.message });
}

/** What was noted; nothing when somebody else wrote to the store. */
function readNote(text: string): Note | undefined {
  const read = parseStrictJson(text, { maxDepth: 2, maxKeys: 4 });
  if (!read.ok || !isJsonObject(read.value)) return undefined;
  const { at, message } = read.value;
  return typeof at === 'number' && typeof message === 'string' ? { at, message } : undefined;
}

function keyOf({ address, name }: Where): string {
  return `refused\n${address ?? ''}\n${name}`;
}
