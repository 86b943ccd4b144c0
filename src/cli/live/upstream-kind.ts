// Which server is behind a registry: what can be probed without changing anything differs between them.
import type { UpstreamAnswer } from '../../gateway/upstream-client.ts';
import type { RegistrySettings } from '../../registries/registry.ts';
import { shown } from '../output.ts';

export interface UpstreamKind {
  readonly id: 'verdaccio' | 'devpi' | 'pypiserver' | 'unknown';
  /** With its version, where it says it. */
  readonly title: string;
}

/**
 * Reads it from the answer to a GET of the upstream URL: by the headers that Verdaccio and devpi send, by pypiserver's page.
 * Verdaccio 6 calls itself `hidden` unless `server.user_agent` of its configuration says otherwise.
 */
export function upstreamKind({ protocol, credential }: RegistrySettings, { headers, body }: UpstreamAnswer): UpstreamKind {
  const verdaccio = /^(?:verdaccio(?:\/(\S+))?|hidden)$/i.exec(headers['x-powered-by'] ?? '');
  if (protocol.id === 'npm' && (verdaccio !== null || credential.kind === 'verdaccio_login'))
    return { id: 'verdaccio', title: titled('Verdaccio', verdaccio?.[1]) };
  const devpi = headers['x-devpi-server-version'];
  if (devpi !== undefined) return { id: 'devpi', title: titled('devpi', devpi) };
  const page = body.toString('utf8');
  if (/\bpypiserver\b/i.test(page)) return { id: 'pypiserver', title: titled('pypiserver', /version ([\d.]+\w*)/.exec(page)?.[1]) };
  return { id: 'unknown', title: 'the registry' };
}

function titled(name: string, version: string | undefined): string {
  return version === undefined || version === '' ? name : `${name} ${shown(version, 20)}`;
}
