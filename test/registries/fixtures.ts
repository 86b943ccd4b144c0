// What the contract suite has to know of each upload protocol: one good upload, names, addresses. A protocol without one fails it.
import type { Registry } from '../../src/registries/registry.ts';
import { name, publish, version } from './npm/publishing.ts';
import { BOUNDARY, form, plain } from './pypi/forms.ts';

export interface Fixture {
  /** An upload as a client sends it, and what it says it is. */
  readonly upload: {
    readonly method: string;
    readonly path: string;
    readonly contentType: string;
    readonly body: Uint8Array;
    readonly says: { readonly name: string; readonly version: string; readonly file: string };
  };
  /** Names as people write them, and their canonical form. */
  readonly names: Readonly<Record<string, string>>;
  /** An entry with a wildcard, a name that it covers, and one that it does not. */
  readonly pattern: readonly [entry: string, covered: string, other: string];
  /** Path of the endpoint where clients exchange. */
  readonly mint: string;
  /** A read of clients. */
  readonly read: string;
}

export const fixtures: Readonly<Record<Registry['id'], Fixture>> = {
  npm: {
    upload: {
      method: 'PUT',
      path: '/@acme%2fwidget',
      contentType: 'application/json',
      body: Buffer.from(JSON.stringify(publish())),
      says: { name, version, file: 'widget-1.0.0.tgz' },
    },
    names: { '@acme/widget': '@acme/widget', 'left-pad': 'left-pad' },
    pattern: ['@acme/ui-*', '@acme/ui-icons', '@acme/ui'],
    mint: '/-/npm/v1/oidc/token/exchange/package/@acme%2fwidget',
    read: '/@acme%2fwidget',
  },
  pypi: {
    upload: {
      method: 'POST',
      path: '/',
      contentType: `multipart/form-data; boundary=${BOUNDARY}`,
      body: form(plain),
      says: { name: 'allowed', version: '1.0', file: 'allowed-1.0.tar.gz' },
    },
    names: { Acme_UI: 'acme-ui', 'acme.-_ui': 'acme-ui', allowed: 'allowed' },
    pattern: ['acme-*', 'acme-ui', 'acme'],
    mint: '/_/oidc/mint-token',
    read: '/simple/allowed/',
  },
};
