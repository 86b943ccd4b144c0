// Refusals that only curl can be made to meet, because it sends whatever somebody wrote.
import type { RefusalCode } from '../../../src/core/refusal.ts';
import type { ClientRun } from '../../support/clients.ts';
import { exchangeArgs, exchangeForm, requestArgs } from './curl.ts';
import { impossible } from './impossible.ts';
import { PYPI_CLIENTS, type PypiScenario, type PypiScene } from './scene.ts';

const form = (pair: string): string[] => ['--data-urlencode', pair];
const tokenExchange = form('grant_type=urn:ietf:params:oauth:grant-type:token-exchange');

/** An exchange with more, or with other, members. */
async function exchange(scene: PypiScene, change: (form: readonly string[]) => readonly string[]): Promise<ClientRun> {
  return scene.curl(exchangeArgs(new URL(scene.url()).origin, change(exchangeForm(await scene.identity()))));
}

/** A request with an upload token, below the address of the registry. */
async function send(scene: PypiScene, path: string, more: readonly string[]): Promise<ClientRun> {
  return scene.curl(requestArgs(new URL(path, scene.url()).href, ['--user', `__token__:${await scene.exchange()}`, ...more]));
}

const scenarios: readonly PypiScenario[] = [
  {
    code: 'token-missing',
    did: 'The variable that should hold the identity token is empty, and a line of the script leaves `subject_token` out.',
    cause: (scene) => exchange(scene, () => [...tokenExchange, ...form('subject_token_type=urn:ietf:params:oauth:token-type:id_token')]),
  },
  {
    code: 'grant-type',
    did: 'The script asks with a `grant_type` that is known from elsewhere.',
    cause: (scene) => exchange(scene, () => form('grant_type=client_credentials')),
  },
  {
    code: 'scope-invalid',
    did: 'The script asks for a scope that it made up.',
    cause: (scene) => exchange(scene, (members) => [...members, ...form('scope=write:packages')]),
  },
  {
    code: 'target-invalid',
    did: 'The script asks for a registry that this host has not.',
    cause: (scene) => exchange(scene, (members) => [...members, ...form('audience=npm')]),
  },
  {
    code: 'publisher-other-package',
    did: 'The script asks for a project that the publisher does not list.',
    cause: (scene) => exchange(scene, (members) => [...members, ...form('scope=publish:pypi:acme-icons')]),
  },
  {
    code: 'body-digest',
    did: 'The script computes the digest, and then the file is built anew.',
    cause: (scene) => scene.publish({ digest: '0'.repeat(64) }),
  },
  {
    code: 'body-type',
    did: 'The file is sent as it is, with `--data-binary`, and not as a form.',
    cause: (scene) => send(scene, '', ['--header', 'content-type: application/octet-stream', '--data-binary', 'the bytes of a file']),
  },
  {
    code: 'body-encoding',
    did: 'The upload was compressed on the way.',
    cause: (scene) => scene.publish({ more: ['--header', 'content-encoding: gzip'] }),
  },
  {
    code: 'change-not-there',
    did: 'A release is taken away that is not there; the publisher allows to `yank`.',
    publisher: { allow: ['publish', 'yank'] },
    cause: async (scene) => {
      await scene.publish();
      return send(scene, `${scene.name}/9.9`, ['--request', 'DELETE']);
    },
  },
  {
    code: 'request-method',
    did: 'The script asks with GET for what needs a POST.',
    cause: (scene) => scene.curl(requestArgs(new URL('/_/oidc/mint-token', scene.url()).href, [])),
    sampled: true,
  },
  {
    code: 'request-path',
    did: 'A variable in the address is empty, and two slashes follow each other.',
    cause: (scene) => send(scene, `${scene.url()}/simple/`, ['--data', 'x=y']),
    sampled: true,
  },
  {
    code: 'request-expectation',
    did: 'A header is sent that asks for what no server here does.',
    cause: (scene) => send(scene, '', ['--header', 'expect: 200-ok', '--data', 'x=y']),
    sampled: true,
  },
];

/** Why all others cannot: what is said of the code. */
const others = (code: RefusalCode): NonNullable<PypiScenario['cannot']> =>
  Object.fromEntries(PYPI_CLIENTS.filter((client) => client !== 'curl').map((client) => [client, impossible[code] ?? '']));

export const curlOnly: readonly PypiScenario[] = scenarios.map((scenario) => ({ ...scenario, cannot: others(scenario.code) }));
