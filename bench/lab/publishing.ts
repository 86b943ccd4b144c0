// Countersign in front of real and discarding upstreams for uploads, with an upload token for everything.
import { pastEpoch, raw } from '../../test/support/proxy.ts';
import { bodyOf, mintPath } from './exchange-load.ts';
import { startSubject, type Build, type Subject } from './subject.ts';
import { issuerUrl, openForge, type Forge } from './tokens.ts';

export interface Publishing {
  readonly subject: Subject;
  readonly pypi: { readonly url: string; readonly project: string; readonly token: () => Promise<string> };
  readonly npm: { readonly url: string; readonly name: string; readonly token: () => Promise<string> };
  readonly close: () => Promise<void>;
}

export interface PublishingOptions {
  readonly build: Build;
  readonly pypi: string;
  readonly npm: string;
  readonly pypiCredential?: object;
  readonly npmCredential?: object;
  /** Where the Python upstream has its index. */
  readonly simple?: string;
  readonly on?: readonly number[];
  readonly uploads?: number;
  readonly node?: readonly string[];
}

export const project = 'bench-project';
export const npmName = '@bench/package';

export async function startPublishing(options: PublishingOptions): Promise<Publishing> {
  const forge = openForge();
  const { pypiCredential = { bearer: '${BENCH_TOKEN}' }, npmCredential = { bearer: '${BENCH_TOKEN}' }, simple, uploads = 16 } = options;
  const subject = await startSubject({
    build: options.build,
    ...(options.on === undefined ? {} : { on: options.on }),
    env: { BENCH_TOKEN: 'of-the-bench' },
    ...(options.node === undefined ? {} : { node: options.node }),
    files: { 'jwks.json': forge.jwks },
    policy: (url) => ({
      issuers: { github: { issuer: issuerUrl, jwks_file: 'jwks.json', max_age: '60m' } },
      registries: {
        npm: {
          protocol: 'npm',
          url: `${url}npm/`,
          upstream: options.npm,
          credential: npmCredential,
          max_upload: '400MB',
          max_concurrent_uploads: uploads,
        },
        pypi: {
          protocol: 'pypi',
          url: `${url}pypi/`,
          upstream: options.pypi,
          credential: pypiCredential,
          max_upload: '3GB',
          max_concurrent_uploads: uploads,
          ...(simple === undefined ? {} : { simple }),
        },
      },
      publishers: [
        {
          name: 'bench',
          from: {
            issuer: 'github',
            repository: 'acme/repo-0',
            repository_owner_id: '11',
            workflow: 'release.yml',
            environment: 'any',
            ref: 'any',
          },
          publish: { npm: [npmName], pypi: [project] },
          ttl: '60m',
        },
      ],
    }),
  });
  await pastEpoch();
  return {
    subject,
    pypi: { url: `${subject.url}pypi/`, project, token: () => mint(subject, forge, `/pypi${mintPath}`) },
    npm: { url: `${subject.url}npm/`, name: npmName, token: () => mintNpm(subject, forge) },
    close: subject.close,
  };
}

async function mint(subject: Subject, forge: Forge, path: string): Promise<string> {
  const [token = ''] = await forge.tokens({ count: 1, publishers: 1, audience: subject.host });
  const answer = await raw(subject, 'POST', path, { host: subject.host, 'content-type': 'application/json' }, bodyOf(token));
  return tokenOf(answer.status, answer.body);
}

async function mintNpm(subject: Subject, forge: Forge): Promise<string> {
  const [token = ''] = await forge.tokens({ count: 1, publishers: 1, audience: 'npm:127.0.0.1' });
  const path = `/npm/-/npm/v1/oidc/token/exchange/package/${npmName.replace('/', '%2f')}`;
  const answer = await raw(subject, 'POST', path, { host: subject.host, authorization: `Bearer ${token}`, 'content-length': '0' });
  return tokenOf(answer.status, answer.body);
}

function tokenOf(status: number, body: string): string {
  const { token } = JSON.parse(body) as { token?: string };
  if (token === undefined) throw new Error(`no upload token: ${status} ${body}`);
  return token;
}

/** As Python's clients send it. */
export function tokenBasic(token: string): string {
  return `Basic ${Buffer.from(`__token__:${token}`).toString('base64')}`;
}
