// Whether the public URL of each registry leads to Countersign: name, TLS, and a proxy in front that keeps Host and path.
import type { RegistrySettings } from '../../registries/registry.ts';
import { whoAnswers, type Answerer } from '../who-answers.ts';
import { failed, fine, warned, type LiveResult } from './result.ts';

/** Asks each public URL as a client would. */
export function probePublicUrls(registries: Iterable<RegistrySettings>): Promise<readonly LiveResult[]> {
  return Promise.all([...registries].map(async ({ name, url }) => judge(name, url, await whoAnswers(url))));
}

function judge(name: string, url: URL, found: Answerer): LiveResult {
  const open = url.protocol === 'http:' ? ', over plain http' : '';
  if (found.kind === 'countersign') return fine('public', name, `${url.href} is answered by Countersign${open} (request ${found.request})`);
  if (found.kind === 'silent')
    return warned('public', name, found.says, 'Start `countersign serve`, or let the name and the proxy in front lead to it.');
  if (found.kind === 'untrusted') return failed('public', name, found.says, 'Clients refuse it: give it a certificate that they trust.');
  if (found.kind === 'other-host')
    return failed(
      'public',
      name,
      found.says,
      'A proxy in front has to pass on the `Host` of the client, or `url:` has to be what it sends.',
    );
  return failed('public', name, found.says, 'Let the name and the proxy in front lead to Countersign, with the path of `url:`.');
}
