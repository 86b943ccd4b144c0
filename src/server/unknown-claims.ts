// Says in the log, once each, which claims of a CI's tokens nobody knows: a CI that adds or renames claims is noticed.
import type { ExchangeRoom } from '../exchange/exchange.ts';
import type { ServerLog } from './server.ts';

/** Claims that are remembered, of all providers together: a tenant may be able to make up names without end. */
const most = 200;
/** Characters of a name that are logged. */
const longest = 100;

/** Cheap for what was said already: one look at a set per name. Keeps its memory for the life of the process. */
export function logUnknownClaims(log: Pick<ServerLog, 'warn'>): ExchangeRoom['unknownClaims'] {
  const said = new Set<string>();
  return (provider, names) => {
    for (const name of names) {
      const key = `${provider} ${name.slice(0, longest)}`;
      if (said.size > most || said.has(key)) continue;
      said.add(key);
      if (said.size > most) {
        log.warn({ provider }, 'more unknown claims than are worth a line; the rest is only counted');
      } else {
        const printable = name.slice(0, longest).replaceAll(/[^\x20-\x7e]/g, '?');
        log.warn({ provider, claim: printable }, 'a claim that is not in the table of its provider');
      }
    }
  };
}
