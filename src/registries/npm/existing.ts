// What the upstream has of a package before an upload.
import { isJsonObject, own, type Json } from '../../core/json.ts';
import type { PackageName } from '../../core/package-name.ts';
import type { Existing, Probe } from '../registry.ts';
import { pathOf } from './path.ts';

/** Asks for the abbreviated packument. Throws when the answer says neither yes nor no: trouble of the upstream's. */
export async function existing(probe: Probe, what: { readonly name: PackageName; readonly version: string }): Promise<Existing> {
  const answer = await probe(pathOf(what.name), { accept: 'application/vnd.npm.install-v1+json, application/json;q=0.8' });
  if (answer.status === 404) return 'no-package';
  if (answer.status !== 200) throw new Error(`the upstream answered ${answer.status} to a request for the packument`);
  const packument: Json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(answer.body));
  const versions = isJsonObject(packument) ? own(packument, 'versions') : undefined;
  if (!isJsonObject(versions)) throw new Error('the upstream answered a packument without versions');
  const name = isJsonObject(packument) ? own(packument, 'name') : undefined;
  if (name !== undefined && name !== what.name) throw new Error('the upstream answered the packument of another package');
  return Object.hasOwn(versions, what.version) ? 'exists' : 'no-version';
}
