// Guesses which project a form uploads from its first bytes. Good for the record, and for nothing that is decided.
import type { PackageName } from '../../core/package-name.ts';
import { parseFilename } from './filename.ts';
import { packageName } from './name.ts';

/** The project by the field `name`, or by the file name where that comes first; undefined while neither is there. */
export function glimpse(beginning: Uint8Array): PackageName | undefined {
  const text = Buffer.from(beginning).toString('latin1');
  const name = /; ?name="?name"?\r?\n(?:[^\r\n]{1,300}\r?\n){0,4}\r?\n([^\r\n]{1,200})\r?\n/i.exec(text)?.[1];
  const file = parseFilename(/; ?filename="([^"\r\n]{1,255})"/i.exec(text)?.[1] ?? '');
  return packageName(name ?? '') ?? (file.ok ? file.distribution.project : undefined);
}
