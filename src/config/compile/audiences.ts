// Which audiences may be configured. A token for an audience that others accept too can be replayed here by them, and
// ours there: so an audience has to be ours alone (POL-22).
import type { Cursor } from '../cursor.ts';
import { quote } from '../did-you-mean.ts';
import { hostNamedBy } from './url.ts';

/** Audiences that other services ask every CI for. */
const shared = new Set(['pypi', 'testpypi', 'sigstore', 'sts.amazonaws.com', 'api://azureadtokenexchange']);

/**
 * The audiences of a list that may be used; the others are reported.
 * @param hosts `host` and `host:port` of those whom an audience may name: our registries, or the issuer itself
 * @param fixed the audience that the issuer puts into every token, whomever it is for: there is no other to choose
 */
export function audiences(list: Cursor, hosts: ReadonlySet<string>, fixed?: string): readonly string[] {
  return list.items.flatMap((item) => {
    if (typeof item.value !== 'string') return [];
    const problem = item.value === fixed ? undefined : audienceProblem(item.value, hosts);
    if (problem === undefined) return [item.value];
    item.error(
      `audience ${quote(item.value)} ${problem}`,
      `use one that only this registry asks for, for example ${[...hosts][0] ?? 'its host name'}`,
    );
    return [];
  });
}

function audienceProblem(audience: string, hosts: ReadonlySet<string>): string | undefined {
  if (/\s/.test(audience)) return 'has a space in it';
  if (audience.includes('*')) return 'has a * in it: audiences are compared exactly';
  if (shared.has(audience.toLowerCase()) || /iam\.googleapis\.com\//i.test(audience)) return 'is shared with other services';
  const npm = /^npm:(.*)$/i.exec(audience)?.[1];
  if (npm !== undefined) return hosts.has(npm.toLowerCase()) ? undefined : 'names another npm registry';
  const host = hostNamedBy(audience);
  return host === undefined || hosts.has(host) ? undefined : 'names another service';
}
