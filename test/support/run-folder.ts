// Vitest's global set-up: one temporary folder for the whole run, and nothing of the run left when it ends.
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Makes the folder in which `tempDir` and `startServer` keep theirs; the test processes inherit its name. */
export function setup(): void {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-run-'));
  mkdirSync(join(folder, 'pids'));
  process.env['COUNTERSIGN_RUN_FOLDER'] = folder;
}

/** Kills the servers of tests that failed before they closed them (Vitest ends its workers without an exit event). */
export function teardown(): void {
  const folder = process.env['COUNTERSIGN_RUN_FOLDER'];
  if (folder === undefined) return;
  for (const pid of readdirSync(join(folder, 'pids'))) {
    try {
      process.kill(-Number(pid), 'SIGKILL');
    } catch {
      // It had ended by itself.
    }
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}
