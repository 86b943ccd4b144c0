// Uploads of one file take turns: from the look at what exists until the upstream's answer nobody else uploads the same.
import type { PackageName } from '../core/package-name.ts';
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
 * Does the work when whoever came before for this key is done, however that ended. Two uploads of one version that both
 * saw nothing there would both be forwarded; Verdaccio then keeps the manifest of one and the tarball of the other.
 */
export async function inTurn<T>(turns: Turns, key: string, work: () => Promise<T>): Promise<T> {
  const before = turns.get(key) ?? Promise.resolve();
  const mine = before.then(work);
  const done = mine.catch(() => undefined);
  turns.set(key, done);
  try {
    return await mine;
  } finally {
    if (turns.get(key) === done) turns.delete(key);
  }
}
