// Temporary folders that go away with the test run.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders = new Set<string>();
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A new empty folder; removed by `removeTempDir` or, at the latest, with the run (in Vitest) or this process. */
export function tempDir(prefix: string): string {
  const parent = process.env['COUNTERSIGN_RUN_FOLDER'] ?? tmpdir();
  const folder = mkdtempSync(join(parent, `countersign-${prefix}-`));
  folders.add(folder);
  return folder;
}

/** Removes a folder of `tempDir` now. */
export function removeTempDir(folder: string): void {
  folders.delete(folder);
  rmSync(folder, { recursive: true, force: true, maxRetries: 3, retryDelay: 100 });
}
