// What a change sends, for tests: its plan against an upstream that has what the test says.
import { registryAt } from '../gateway/registry.ts';
import { isRefusal, type Refusal } from '../../src/core/refusal.ts';
import type { Change, Plan, Probe, Route, UpstreamRequest } from '../../src/registries/registry.ts';

/** A packument as a registry answers it before a change. */
export type Stored = Record<string, unknown> & { readonly name: string; readonly versions: Record<string, object> };

/** Two versions, `latest` at the second, at revision `1-x`. */
export function stored(name: string, changes: object = {}): Stored {
  const version = (number: string): object => ({ name, version: number, dist: { tarball: `http://x/${name}/-/${number}.tgz` } });
  return {
    _id: name,
    name,
    _rev: '1-x',
    'dist-tags': { latest: '1.1.0' },
    versions: { '1.0.0': version('1.0.0'), '1.1.0': version('1.1.0') },
    ...changes,
  };
}

/** Answers every question with this document, or 404. */
export function probeOf(document: object | undefined): Probe & { readonly asked: string[] } {
  const asked: string[] = [];
  const probe: Probe = async (path) => {
    asked.push(path);
    return { status: document === undefined ? 404 : 200, body: Buffer.from(JSON.stringify(document ?? {})) };
  };
  return Object.assign(probe, { asked });
}

export async function planOf(change: Change | Refusal, document: object | undefined): Promise<Plan | Refusal> {
  return isRefusal(change) ? change : change.plan(probeOf(document), registryAt(new URL('http://upstream.example/')));
}

/** The requests that a route's change sends. */
export async function requestsOf(route: Route, body: string, document?: object): Promise<readonly UpstreamRequest[] | Refusal> {
  if (route.kind !== 'manage') throw new Error(`not a change: ${route.kind}`);
  const plan = await planOf(route.read(Buffer.from(body)), document);
  return isRefusal(plan) ? plan : plan.requests;
}
