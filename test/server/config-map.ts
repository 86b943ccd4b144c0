// Writes files as Kubernetes does in a mounted ConfigMap: a new folder, and the link `..data` swapped to it in one step.
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Puts revision `n` (from 0) in place; `REVISION` in the texts becomes `r<n>`. */
export function swapTo(into: string, n: number, texts: Readonly<Record<string, string>>): void {
  const data = join(into, `..${n}`);
  mkdirSync(data);
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(data, name), text.replaceAll('REVISION', `r${n}`));
  rmSync(join(into, '..next'), { force: true });
  symlinkSync(`..${n}`, join(into, '..next'));
  renameSync(join(into, '..next'), join(into, '..data'));
  if (n === 0) for (const name of Object.keys(texts)) symlinkSync(`..data/${name}`, join(into, name));
  if (n > 3) rmSync(join(into, `..${n - 3}`), { recursive: true, force: true });
}
