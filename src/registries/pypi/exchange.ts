// PyPI's exchange endpoints, as uv, PDM, maturin, twine and gh-action-pypi-publish call them, and their discovery (PEP 807, draft).
import { dryRunOf } from '../../core/dry-run.ts';
import { isJsonObject, own, type JsonObject } from '../../core/json.ts';
import { isRefusal, refuse, type Refusal } from '../../core/refusal.ts';
import { parseStrictJson } from '../../core/strict-json.ts';
import type { ExchangeEndpoint, ExchangeRequest, Head, Minted } from '../registry.ts';
import { discovery, discoveryPath } from './discovery.ts';
import { json } from './reply.ts';

const audiencePath = '/_/oidc/audience';
const mintPath = '/_/oidc/mint-token';
/** Where maturin and old tags of the action still post to. */
const oldMintPath = '/_/oidc/github/mint-token';
const burnPath = '/_/oidc/burn-token';

/** Bytes of an exchange's body. */
const bodyLimit = 20 * 1024;

/**
 * The exchange endpoint at this path, below the host's root or the registry's URL. Of a query only `dry_run` is read: PDM
 * keeps the one of the upload URL.
 * @param urls public URLs of the registries that the endpoint speaks for
 */
export function exchange(head: Head, urls: readonly URL[]): ExchangeEndpoint | undefined {
  switch (head.path) {
    case audiencePath:
      return allow(head, 'GET', { kind: 'audience', answer: (audience) => json(200, { audience }) });
    case mintPath:
    case oldMintPath:
      return allow(head, 'POST', mint(head));
    case burnPath:
      return allow(head, 'POST', { kind: 'revoke', bodyLimit, read: readBurn, done: json(202, {}) });
    case discoveryPath:
      return allow(head, 'GET', discovery(head, urls, { audience: audiencePath, mint: mintPath }));
    default:
      return undefined;
  }
}

function mint(head: Head): ExchangeEndpoint {
  const dryRun = dryRunOf(head.query);
  return isRefusal(dryRun) ? { kind: 'refused', refusal: dryRun } : { kind: 'mint', dryRun, bodyLimit, read: readMint, minted };
}

function allow(head: Head, method: 'GET' | 'POST', endpoint: ExchangeEndpoint): ExchangeEndpoint {
  if (head.method === method) return endpoint;
  return { kind: 'refused', refusal: refuse('request-method', { method: head.method, allow: method }), allow: method };
}

/** gh-action-pypi-publish warns about a token that does not begin with `pypi-`. */
function minted({ token, expires }: Minted): ReturnType<typeof json> {
  return json(200, { success: true, token: `pypi-${token}`, expires });
}

function readMint(body: Uint8Array): ExchangeRequest | Refusal {
  const document = readObject(body);
  if (isRefusal(document)) return document;
  const features = own(document, 'features');
  if (features !== undefined && (!Array.isArray(features) || features.some((feature) => feature !== 'multi-use-token'))) {
    return refuse('request-invalid', { problem: 'of the features of PEP 807 only multi-use-token is possible' });
  }
  const identityToken = own(document, 'token');
  if (typeof identityToken === 'string' && identityToken !== '') return { identityToken };
  return refuse('token-missing', { how: 'Send {"token": "<identity token>"}.' });
}

function readBurn(body: Uint8Array): { readonly token: string } | Refusal {
  const document = readObject(body);
  if (isRefusal(document)) return document;
  const token = own(document, 'token');
  return typeof token === 'string' && token !== '' ? { token } : refuse('request-invalid', { problem: '`token` is missing' });
}

/** Strict JSON whatever the Content-Type: the documented recipe is `curl -d`, which says it is a form. Other keys are ignored. */
function readObject(body: Uint8Array): JsonObject | Refusal {
  const text = decode(body);
  const parsed =
    text === undefined ? { ok: false as const, problem: 'it is not UTF-8' } : parseStrictJson(text, { maxDepth: 4, maxKeys: 32 });
  if (!parsed.ok) return refuse('request-invalid', { problem: `its body is not JSON: ${parsed.problem}` });
  return isJsonObject(parsed.value) ? parsed.value : refuse('request-invalid', { problem: 'its body is not a JSON object' });
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(body: Uint8Array): string | undefined {
  try {
    return utf8.decode(body);
  } catch {
    return undefined;
  }
}
