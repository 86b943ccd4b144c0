// Notices that files may have changed: the system's notifications where they come, and a look every few seconds where
// they do not (NFS, a Kubernetes subPath mount, inotify at its limit, a folder that was replaced).
import { statSync, watch, type FSWatcher } from 'node:fs';

export interface Watch {
  /** Watches these folders from now on instead of those before. */
  readonly follow: (folders: Iterable<string>) => void;
  readonly close: () => void;
}

export interface WatchOptions {
  /** Something may have changed. Called again while it still runs: whoever needs one at a time sees to it. */
  readonly look: () => void;
  /** Milliseconds between looks that nothing asked for. */
  readonly poll?: number;
  /** Milliseconds from the first notification to the look: one save of a file is several notifications. */
  readonly delay?: number;
}

/** A look every 2 s leaves room for the reading itself within the 5 s in which a removed publisher must be out (FLT-29). */
export const defaultPoll = 2000;

/**
 * Watches folders and not files: an editor, `kubectl` and a secret mount replace a file, and a watch on it would stay with
 * the old one. Keeps no process alive.
 */
export function watchFolders({ look, poll = defaultPoll, delay = 100 }: WatchOptions): Watch {
  let watched = new Map<string, Watched>();
  let soon: NodeJS.Timeout | undefined;
  // The first notification starts the clock and later ones do not put it off: a folder in which something always happens is looked at, too.
  const notice = (): void => {
    soon ??= setTimeout(() => {
      soon = undefined;
      look();
    }, delay).unref();
  };
  const follow = (folders: Iterable<string>): void => {
    const before = watched;
    watched = new Map([...new Set(folders)].map((folder) => [folder, keep(folder, before.get(folder), notice)]));
    for (const [folder, { watcher }] of before) if (watched.get(folder)?.watcher !== watcher) watcher?.close();
  };
  const timer = setInterval(() => {
    follow(watched.keys());
    look();
  }, poll).unref();
  return {
    follow,
    close: () => {
      clearInterval(timer);
      clearTimeout(soon);
      follow([]);
    },
  };
}

interface Watched {
  readonly watcher: FSWatcher | undefined;
  /** Device, inode (which is used again) and birth: a folder of the same name may be another one, of which the watcher hears nothing (FLT-25). */
  readonly identity: string | undefined;
}

/** The watch of a folder as it was, or a new one. Without one, looking from time to time has to do. */
function keep(folder: string, before: Watched | undefined, notice: () => void): Watched {
  const identity = identityOf(folder);
  if (before?.watcher !== undefined && before.identity === identity) return before;
  if (identity === undefined) return { watcher: undefined, identity };
  try {
    const watcher = watch(folder, { persistent: false }, notice);
    watcher.on('error', () => watcher.close());
    return { watcher, identity };
  } catch {
    return { watcher: undefined, identity };
  }
}

function identityOf(folder: string): string | undefined {
  try {
    const { dev, ino, birthtimeNs } = statSync(folder, { bigint: true });
    return `${dev} ${ino} ${birthtimeNs}`;
  } catch {
    return undefined;
  }
}
