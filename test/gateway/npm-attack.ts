// What an attack on an npm registry is here: a request with a valid upload token for another purpose, and what has to come of it.
import type { RefusalCode } from '../../src/core/refusal.ts';
import type { Change } from '../registries/npm/publishing.ts';
import { draft, packed } from './npm-scene.ts';

/** The package that the upload token is for. */
export const ALLOWED = '@acme/allowed';
/** A package that nobody published. */
export const VICTIM = '@acme/victim';
export const PATH = '/@acme%2fallowed';
/** The version of every publish that has to be refused. */
export const NEXT = '2.0.0';

/** One request with the upload token. */
export type Ask = {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Uint8Array;
  /** Sent byte by byte, with `TOKEN` and `HOST` filled in. */
  readonly wire?: string;
};
/** A version, and a package, as Verdaccio stores them. */
export type Manifest = Record<string, unknown> & { readonly dist: Record<string, unknown> };
export type Packument = { readonly versions: Record<string, Manifest> } & Record<string, unknown>;
/** What the wire saw: the proxy's public URL, and everything that went to Verdaccio. */
export type Witness = { readonly url: string; readonly sent: string };
/** What must be in storage then: one version more, and what lies on the disk is as these names say. */
export type Stored = {
  readonly version: string;
  readonly holds?: (manifest: Manifest, packument: Packument, witness: Witness) => Readonly<Record<string, boolean>>;
};
/** `passed`: the upstream's own answer, to a request without any credential. `unparsed`: it is no HTTP request. */
export type Verdict = RefusalCode | 'passed' | 'unparsed' | Stored;
export type Case = readonly [what: string, ask: Ask, verdict: Verdict];
/** A row of the study: the inputs, with the rows of the catalogue that they are. */
export type Attack = { readonly row: number; readonly ids: string; readonly cases: readonly Case[] };

/** Head fields of a publish. */
export const json = { 'content-type': 'application/json' };
/** A write to the package's own path, unless said. */
export const put = (body: string | Uint8Array, headers: Ask['headers'] = {}, path = PATH): Ask => ({
  method: 'PUT',
  path,
  headers: { ...json, ...headers },
  body,
});
/** A publish of @acme/allowed with something changed. */
export const doc = (change: Change, version = NEXT, file = packed(ALLOWED, version)): Ask =>
  put(JSON.stringify(draft(ALLOWED, version, change, file)));
/** The same, changed as text. */
export const text = (change: (json: string) => string, version = NEXT): Ask => put(change(JSON.stringify(draft(ALLOWED, version))));
/** A publish of some package to some path. */
export const at = (path: string, name = ALLOWED, version = NEXT): Ask => put(JSON.stringify(draft(name, version)), {}, path);
/** Any other request. */
export const ask = (method: string, path: string, body?: string, headers: Ask['headers'] = json): Ask => ({
  method,
  path,
  headers: body === undefined ? {} : headers,
  ...(body === undefined ? {} : { body }),
});
/** A publish as bytes, with this request line and these first fields. */
export const bytes = (requestLine: string, fields = 'Host: HOST\r\nAuthorization: Bearer TOKEN\r\n', version = NEXT): Ask => {
  const body = JSON.stringify(draft(ALLOWED, version));
  const head = `${fields}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close`;
  return { method: 'PUT', path: PATH, wire: `${requestLine} HTTP/1.1\r\n${head}\r\n\r\n${body}` };
};
/** The one attachment under another key. */
export const attachment =
  (key: string): Change =>
  (d, { attachment: one }) => {
    d._attachments = { [key]: one };
  };
/** A verdict: stored as this version. */
export const stored = (version: string, holds?: Stored['holds']): Stored => ({ version, ...(holds === undefined ? {} : { holds }) });

/** The shape by which Verdaccio erases every version of a package. */
export const erasing = { _id: ALLOWED, name: ALLOWED, 'dist-tags': {}, versions: { '0.0.0': { deprecated: '' } } };

/** A publish with another `Authorization`. */
export const shown = (authorization: string, version = NEXT): Ask => ({
  ...at(PATH, ALLOWED, version),
  headers: { ...json, authorization },
});
