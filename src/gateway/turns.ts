// Uploads of one file take turns: from the look at what exists until the upstream's answer nobody else uploads the same.
import type { PackageName } from '../core/package-name.ts';
import { refuse, type Refusal } from '../core/refusal.ts';
import type { RegistrySettings } from '../registries/registry.ts';

/**
 * What takes turns at an upstream, which registries may share: a file, or for npm a package, whose document each version and
 * each change writes anew. Two that read the same document would undo one another.
 */
export function turnOf({ upstream, protocol }: Pick<RegistrySettings, 'upstream' | 'protocol'>, name: PackageName, file: string): string {
  return [upstream.href, name, protocol.turns === 'file' ? file : ''].join('\n');
}

/** Who is last in the queue for a file or a package, by `turnOf`. */
export type Turns = Map<string, Promise<unknown>>;

/**
 * Milliseconds that anybody waits for a turn. Behind a registry that hangs it is a minute for each who came before, and a
 * connection on which nothing moves is closed after two: whoever waited would be told nothing at all.
 */
const patience = 45_000;

/**
 * Does the work when whoever came before for this key is done, however that ended; whoever has to wait too long is refused,
 * and nothing of the work is done. Two uploads of one version that both saw nothing there would both be forwarded; Verdaccio
 * then keeps the manifest of one and the tarball of the other.
 */
export async function inTurn<T>(turns: Turns, key: string, work: () => Promise<T>, longest = patience): Promise<T | Refusal> {
  const before = turns.get(key) ?? Promise.resolve();
  const wait: { timer?: NodeJS.Timeout; over: boolean } = { over: false };
  const tooLate = new Promise<Refusal>((resolve) => {
    wait.timer = setTimeout(() => {
      wait.over = true;
      resolve(refuse('too-many', { what: 'One upload of a package at a time', seconds: 30 }, { retryAfter: 30 }));
    }, longest);
  });
  const mine = before.then((): Promise<T | Refusal> => {
    clearTimeout(wait.timer);
    return wait.over ? tooLate : work();
  });
  const done = mine
    .catch(() => undefined)
    .finally(() => {
      if (turns.get(key) === done) turns.delete(key);
    });
  turns.set(key, done);
  return Promise.race([mine, tooLate]);
}
