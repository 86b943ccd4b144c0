// Whether each registry behind answers, whom it takes the service credential for, and which ways lead around Countersign.
import type { Secret } from '../../core/secret.ts';
import { createCredentials } from '../../gateway/credential.ts';
import { createUpstreamClient, type Sent, type UpstreamClient } from '../../gateway/upstream-client.ts';
import type { RegistrySettings, UpstreamRequest } from '../../registries/registry.ts';
import { bodyLimit } from './body-limit.ts';
import { credentialResult } from './credential.ts';
import { devpiIndex } from './devpi-index.ts';
import { direct } from './direct.ts';
import { registration } from './registration.ts';
import { failed, fine, type LiveResult } from './result.ts';
import { upstreamKind, type UpstreamKind } from './upstream-kind.ts';

/** One registry while it is looked at. */
export interface Upstream {
  readonly registry: RegistrySettings;
  readonly kind: UpstreamKind;
  /** A package that the policy lets somebody publish there; ways around are looked for where it matters. */
  readonly example: string;
  /** Sends a request with this credential, or with none; below the upstream URL unless said. */
  readonly send: (request: UpstreamRequest, credential?: Secret, at?: URL) => Promise<Sent>;
  /** @throws CredentialUnavailable */
  readonly credential: () => Promise<Secret | undefined>;
}

/** Milliseconds without an answer. */
const patience = 5000;

/** Asks every registry's upstream; nothing is changed there. `example` names a package of the policy for a registry. */
export async function probeUpstreams(
  registries: Iterable<RegistrySettings>,
  example: (registry: RegistrySettings) => string,
  version: string,
): Promise<readonly LiveResult[]> {
  const client = createUpstreamClient({ version, idleTimeout: patience });
  const credentials = createCredentials(client);
  try {
    const all = [...registries].map((registry) => probe(registry, example(registry), client, () => credentials.header(registry)));
    return (await Promise.all(all)).flat();
  } finally {
    await client.close();
  }
}

async function probe(
  registry: RegistrySettings,
  example: string,
  client: UpstreamClient,
  credential: Upstream['credential'],
): Promise<readonly LiveResult[]> {
  const send: Upstream['send'] = (request, secret, at = registry.upstream) =>
    client.send({ ...registry, upstream: at }, request, { credential: secret, answerLimit: 256 * 1024 });
  const plain = await send({ method: 'GET', path: '', headers: { accept: 'application/json, text/html;q=0.5' } });
  if (plain.kind !== 'answered') {
    const says = `${registry.upstream.origin} does not answer (${plain.refusal.detail ?? plain.kind})`;
    return [
      failed('upstream', registry.name, says, 'Look at `upstream:` and at the server; reads and uploads fail until it answers.', true),
    ];
  }
  const kind = upstreamKind(registry, plain.answer);
  const upstream: Upstream = { registry, kind, example, send, credential };
  const looked = await Promise.all([
    credentialResult(upstream),
    registration(upstream),
    direct(upstream),
    devpiIndex(upstream),
    bodyLimit(upstream),
  ]);
  return [fine('upstream', registry.name, `${kind.title} answers (${plain.answer.status})`), ...looked.flat()];
}
