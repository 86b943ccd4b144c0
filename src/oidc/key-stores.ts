// The key stores of all issuers, one each: a key of one issuer never verifies a token of another (JWT-46).
import type { IssuerSettings } from '../core/settings.ts';
import { keySource } from './issuer.ts';
import { KeyStore, type KeyStatus } from './keys.ts';

export interface KeyStores {
  readonly of: (issuer: IssuerSettings) => KeyStore;
  readonly all: () => readonly KeyStore[];
  readonly close: () => void;
}

/** Stores survive a reload of the configuration unless the issuer's address or trust changed; then they start anew. */
export function createKeyStores(
  issuers: () => ReadonlyMap<string, IssuerSettings>,
  now: () => number,
  log: (status: KeyStatus) => void,
): KeyStores {
  const stores = new Map<string, KeyStore>();
  /** By the settings of one configuration: to write their origin out for every token would cost as much as to parse it. */
  const found = new WeakMap<IssuerSettings, KeyStore>();

  function of(issuer: IssuerSettings): KeyStore {
    const store = found.get(issuer) ?? look(issuer);
    found.set(issuer, store);
    return store;
  }

  function look(issuer: IssuerSettings): KeyStore {
    const origin = originOf(issuer);
    const known = stores.get(origin);
    if (known !== undefined) return known;
    dropUnused();
    const store = new KeyStore(issuer.name, keySource(issuer), now, log);
    stores.set(origin, store);
    return store;
  }

  function dropUnused(): void {
    const used = new Set([...issuers().values()].map(originOf));
    for (const [origin, store] of stores) {
      if (used.has(origin)) continue;
      store.close();
      stores.delete(origin);
    }
  }

  return {
    of,
    all: () => [...issuers().values()].map(of),
    close: () => {
      for (const store of stores.values()) store.close();
    },
  };
}

/** Everything that decides where keys come from and whether they are believed. */
function originOf({ name, url, jwksUri, jwksFile, caFile, insecure, privateNetwork }: IssuerSettings): string {
  return JSON.stringify([name, url, jwksUri, jwksFile, caFile, insecure, privateNetwork]);
}
