// One Python index behind Countersign, and what the tests of faults do with it.
import { pause } from '../gateway/raw-upstream.ts';
import { BOUNDARY, form, plainWith } from '../registries/pypi/forms.ts';
import type { CiIssuer } from '../support/issuer.ts';
import { raw, startProxy, type Proxy, type ProxyOptions, type RawAnswer } from '../support/proxy.ts';
import { fromUi, identityOf, mintWith, registryOf, serviceEnv, tokenBasic } from '../support/ui-job.ts';

const multipart = `multipart/form-data; boundary=${BOUNDARY}`;
let version = 0;

/** A version that no test had yet. */
export function newVersion(): number {
  version += 1;
  return version;
}

/** The file name of a version of the project `allowed`. */
export const fileOf = (n: number): string => `allowed-${n}.0.tar.gz`;

/** The form that uploads it. */
export const bodyOf = (n: number): Buffer => form(plainWith({ version: `${n}.0` }, fileOf(n)));

/** The head of that upload, as lines. */
export const headOf = (proxy: Proxy, token: string): Record<string, string> => ({
  host: proxy.host,
  authorization: tokenBasic(token),
  'content-type': multipart,
});

/** What is around the program. */
export interface World {
  readonly store?: string;
  readonly upstream: string;
  readonly issuer: string;
  readonly more?: object;
  readonly server?: object;
}

/** Starts the program with one Python index, which publishes `allowed` for acme/ui. */
export function start({ store, upstream, issuer, more, server }: World, options: Partial<ProxyOptions> = {}): Promise<Proxy> {
  return startProxy({
    env: serviceEnv,
    policy: (port) => ({
      ...(server === undefined ? {} : { server }),
      ...(store === undefined ? {} : { store }),
      issuers: { github: { issuer, insecure: true } },
      registries: { pypi: registryOf('pypi', `http://127.0.0.1:${port}/`, upstream, more) },
      publishers: [{ name: 'ui', from: fromUi, publish: { pypi: ['allowed'] } }],
    }),
    ...options,
  });
}

/** Uploads a new version. */
export function upload(proxy: Proxy, token: string, n = newVersion()): Promise<RawAnswer> {
  return raw(proxy, 'POST', '/', { ...headOf(proxy, token), 'content-length': String(bodyOf(n).length) }, bodyOf(n));
}

/** Reads the index. */
export const read = (proxy: Proxy): Promise<RawAnswer> => raw(proxy, 'GET', '/simple/', { host: proxy.host });

/** Exchanges a fresh identity token. */
export const exchange = (proxy: Proxy, issuer: CiIssuer): Promise<RawAnswer> => mintWith(proxy, identityOf(issuer, proxy));

/** What the admin listener says. */
export async function health(proxy: Proxy): Promise<{ alive: number; ready: number; body: Record<string, unknown> }> {
  const [alive, ready] = await Promise.all(['healthz', 'readyz'].map((path) => fetch(proxy.admin + path)));
  return { alive: alive!.status, ready: ready!.status, body: (await ready!.json()) as Record<string, unknown> };
}

/** With the time that it took. */
export async function timed<T>(work: Promise<T>): Promise<T & { readonly milliseconds: number }> {
  const began = performance.now();
  const value = await work;
  return { ...value, milliseconds: performance.now() - began };
}

/** Waits until it holds, up to ten seconds. */
export async function eventually(holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 10_000; !(await holds());) {
    if (Date.now() > deadline) throw new Error('waited in vain');
    await pause(50);
  }
}
