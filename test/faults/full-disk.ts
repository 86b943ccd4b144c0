// An audit file on a disk that is full, and has room again, when the test says so.
import { readFileSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { AuditEntry } from '../../src/audit/entry.ts';
import type { World } from '../security/world.ts';
import { raw } from '../support/proxy.ts';
import { tempDir } from '../support/temp.ts';

export interface Disk {
  readonly file: string;
  /** The next look at the file finds a full disk, or one with room. */
  readonly fill: () => void;
  readonly empty: () => void;
  readonly lines: () => AuditEntry[];
}

export function disk(): Disk {
  const folder = tempDir('audit');
  const [file, room] = [join(folder, 'audit.jsonl'), join(folder, 'room.jsonl')];
  const point = (to: string): void => {
    symlinkSync(to, join(folder, 'next'));
    renameSync(join(folder, 'next'), file);
  };
  point(room);
  return {
    file,
    fill: () => point('/dev/full'),
    empty: () => point(room),
    lines: () => {
      const text = readFileSync(room, 'utf8');
      expect(text.endsWith('\n')).toBe(true);
      return text
        .split('\n')
        .filter((line) => line.includes('"audit":true'))
        .map((line) => JSON.parse(line) as AuditEntry);
    },
  };
}

/** The program looks at the file once a second. */
export const aLook = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1_100));

/** Status of `/readyz`, and what it says of the record. */
export async function ready({ proxy }: World): Promise<[number, string]> {
  const answer = await fetch(`${proxy.admin}readyz`);
  return [answer.status, ((await answer.json()) as { audit: string }).audit];
}

/** An upload to the PyPI registry with a credential that is not ours. */
export function uploadLongLived(
  { proxy }: World,
  body: string | Uint8Array = 'x',
  headers: Record<string, string> = {},
): Promise<{ status: number }> {
  const authorization = `Basic ${Buffer.from('ci:a-long-lived-token').toString('base64')}`;
  return raw(proxy, 'POST', '/pypi/', { host: proxy.host, authorization, ...headers }, body);
}
