// A file that lines are appended to, as it is at the moment: whoever rotates logs moves it away and expects a new one.
import { closeSync, fstatSync, openSync, statSync } from 'node:fs';

/** Milliseconds after which it is looked whether the file is still the one under this name. */
const lookAfter = 1_000;

/**
 * Gives what gives the descriptor. Several processes may append to one file: each line is written whole, at its end.
 * The file is made for its owner and his group alone: records name people and addresses.
 * @throws what opening throws, when the file cannot be opened
 */
export function appendedFile(path: string): () => number {
  let open: { readonly fd: number; readonly looked: number } | undefined;
  return () => {
    const now = performance.now();
    if (open !== undefined && now - open.looked < lookAfter) return open.fd;
    if (open !== undefined && !isStill(open.fd, path)) {
      closeSync(open.fd);
      open = undefined;
    }
    open = { fd: open?.fd ?? openSync(path, 'a', 0o640), looked: now };
    return open.fd;
  };
}

function isStill(fd: number, path: string): boolean {
  const [mine, there] = [fstatSync(fd), statSync(path, { throwIfNoEntry: false })];
  return there !== undefined && there.ino === mine.ino && there.dev === mine.dev;
}
