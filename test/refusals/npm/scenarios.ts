// How npm-side clients meet each refusal.
import { randomBytes } from 'node:crypto';
import { formatToken } from '../../../src/core/upload-token.ts';
import { NPM_CLIENTS, type NpmClient } from '../../support/clients.ts';
import { busy, situations } from '../identity.ts';
import type { Impossible } from '../scenario.ts';
import type { NpmScenario } from './scene.ts';

const noTrust = 'This client has no `trust` command.';
const noSuchCommand = 'Yarn has no command for it.';
const yarnStops = 'Yarn does not send an upload without a token: it says that none is configured and stops.';
const placeholder = 'XXXXX-XXXXX-XXXXX-XXXXX';

/** The package that the registry of the room `trusted` is strict about. */
export const trustedOnly = '@acme/strict';

const exchange: readonly NpmScenario[] = [
  {
    code: 'token-static',
    did: 'A token of old stands in .npmrc for the address to which the client sends its identity token.',
    room: 'below',
    cause: (scene) => {
      const host = new URL(scene.url()).host;
      return scene.publish({ job: true, npmrc: `//${host}/:_authToken=npm_a-token-of-old` });
    },
    cannot: { 'pnpm-11': ownHeader('pnpm'), 'pnpm-12': ownHeader('pnpm'), 'yarn-4': ownHeader('Yarn') },
  },
  {
    code: 'publisher-other-package',
    did: 'The job publishes a package that its publisher does not list.',
    cause: (scene) => scene.publish({ name: '@acme/icons' }),
  },
  {
    code: 'too-many',
    did: 'Something exchanges for the same package again and again.',
    cause: (scene) => busy(scene, () => scene.publish()),
  },
];

function ownHeader(client: string): string {
  return `${client} puts the identity token into the request itself, whatever stands in a configuration file.`;
}

const credential: readonly NpmScenario[] = [
  {
    code: 'upload-unauthenticated',
    did: 'The job has no `permissions: id-token: write`, so that the client publishes without any token.',
    cause: (scene) => scene.publish({ job: false }),
    cannot: { 'npm-11.5': npmStops(), 'npm-11.19': npmStops(), 'npm-12': npmStops(), 'yarn-4': yarnStops },
  },
  {
    code: 'upload-exchange-refused',
    did: 'The exchange was refused, and the client goes on to upload with the placeholder that `actions/setup-node` left in .npmrc.',
    publisher: { from: { environment: 'production' } },
    cause: (scene) => scene.publish({ job: true, token: placeholder }),
  },
  {
    code: 'upload-placeholder',
    did: 'The job has no `permissions: id-token: write`, and `actions/setup-node` left its placeholder in .npmrc.',
    cause: (scene) => scene.publish({ token: placeholder }),
  },
  {
    code: 'upload-token-unknown',
    did: 'The upload token was minted by another proxy, or so long ago that it expired.',
    cause: (scene) => scene.publish({ token: formatToken(randomBytes(32)) }),
  },
  {
    code: 'upload-token-damaged',
    did: 'The upload token lost its last characters on the way through a variable.',
    cause: async (scene) => scene.publish({ token: (await scene.exchange()).slice(0, -3) }),
  },
  {
    code: 'upload-token-withdrawn',
    did: 'An administrator took the publisher out of the policy between exchange and upload.',
    cause: async (scene) => {
      const token = await scene.exchange();
      return scene.withdrawn(() => scene.publish({ token }));
    },
  },
  {
    code: 'upload-limit',
    did: 'The publisher says `single_use: true`, and the upload token was used before.',
    publisher: { single_use: true },
    cause: async (scene) => {
      const token = await scene.exchange();
      await scene.publish({ token, version: `0.0.${Date.now()}` });
      return scene.publish({ token });
    },
  },
  {
    code: 'upload-scope',
    did: 'An upload token that was minted for one package is used for another.',
    cause: async (scene) => scene.publish({ token: await scene.exchange(), name: '@acme/icons' }),
  },
  {
    code: 'upload-registry',
    did: 'The upload token was minted at one registry and is used at another.',
    cause: async (scene) => scene.publish({ token: await scene.exchange(), room: 'small' }),
  },
  {
    code: 'long-lived-refused',
    did: 'The package is among `trusted_only`, and the upload comes with a token of old.',
    room: 'trusted',
    cause: (scene) => scene.publish({ token: 'npm_a-token-of-old', name: trustedOnly }),
  },
  {
    code: 'long-lived-unnamed',
    did: 'The registry has `trusted_only`, and a token of old is used for something that names no package: a team is made.',
    room: 'trusted',
    cause: (scene) => scene.run(['team', 'create', '@acme:devs'], 'npm_a-token-of-old'),
    cannot: onlyNpm('makes no teams'),
  },
];

function npmStops(): string {
  return 'npm does not send an upload without a token: it says that this command requires you to be logged in and stops.';
}

function onlyNpm(what: string): Partial<Record<NpmClient, string>> {
  return { 'pnpm-11': `pnpm ${what}.`, 'pnpm-12': `pnpm ${what}.`, 'yarn-4': `Yarn ${what}.` };
}

const upload: readonly NpmScenario[] = [
  {
    code: 'upload-action',
    did: 'An upload token is used to deprecate, which the publisher does not allow.',
    cause: async (scene) => {
      await scene.publish();
      return scene.run(['deprecate', `${scene.name}@1.0.0`, 'use @acme/new'], await scene.exchange());
    },
    cannot: { 'yarn-4': noSuchCommand },
  },
  {
    code: 'upload-tag-rule',
    did: 'The publisher says `tag: v{{version}}`, and the version in package.json is not the one of the Git tag.',
    publisher: { tag: 'v{{version}}' },
    cause: (scene) => scene.publish({ version: '1.1.0' }),
  },
  {
    code: 'upload-new-package',
    did: 'The package is new, and the publisher covers it by a pattern only.',
    publisher: (id) => ({ publish: { npm: [`@acme/${id}*`] }, create: false }),
  },
  {
    code: 'upload-exists',
    did: 'The version was published before.',
    cause: async (scene) => {
      await scene.publish();
      return scene.publish({ args: scene.client.startsWith('npm') || scene.client.startsWith('pnpm') ? ['--force'] : [] });
    },
  },
  {
    code: 'upload-dist-tag',
    did: 'The publisher may set `latest` only, and the job publishes with another dist-tag.',
    publisher: { dist_tags: ['latest'] },
    cause: (scene) => scene.publish({ args: ['--tag', 'next'] }),
  },
  {
    code: 'body-too-large',
    did: "The package is larger than the registry's `max_upload`.",
    room: 'small',
    cause: (scene) => scene.publish({ noise: 40_000 }),
  },
  {
    code: 'trust-unproved',
    did: 'Somebody who shows no upload token for the package asks for its trusted publishers.',
    cause: (scene) => scene.run(['trust', 'list', scene.name], 'npm_a-token-of-old'),
    cannot: { 'npm-11.5': noTrust, ...onlyNpm('has no `trust` command') },
  },
  {
    code: 'trust-in-policy',
    did: 'Somebody sets up a trusted publisher with npm.',
    cause: (scene) =>
      scene.run(
        ['trust', 'github', scene.name, '--repository', `acme/${scene.id}`, '--file', 'release.yml', '--allow-publish', '--yes'],
        'npm_a-token-of-old',
      ),
    cannot: { 'npm-11.5': noTrust, ...onlyNpm('has no `trust` command') },
  },
];

const outage: readonly NpmScenario[] = [
  { code: 'upstream-unreachable', did: 'The registry behind the proxy is down.', room: 'unreachable' },
  {
    code: 'upstream-timeout',
    did: 'The registry behind the proxy hangs.',
    room: 'silent',
    // Uploads of one package wait for each other: each client has a package of its own.
    publisher: (id) => ({ publish: { silent: [`@acme/${id}-*`] } }),
    cause: (scene) => scene.publish({ name: `${scene.name}-x${NPM_CLIENTS.indexOf(scene.client)}` }),
    together: true,
  },
  { code: 'upstream-broken', did: 'What answers in place of the registry is no HTTP server.', room: 'broken' },
  { code: 'upstream-credential', did: 'The password of the service account was changed, but not in the policy.', room: 'credential' },
  {
    code: 'upstream-refused',
    did: 'The registry behind the proxy has a smaller limit than the proxy.',
    room: 'refusing',
    cause: (scene) => scene.publish({ noise: 40_000 }),
  },
  {
    code: 'request-host',
    sampled: true,
    did: 'The client uses a name of the host that no `url:` has.',
    cause: (scene) => {
      const url = new URL(scene.url());
      url.hostname = 'localhost';
      return scene.publish({ registry: url.href, token: 'npm_a-token-of-old' });
    },
  },
  {
    code: 'request-not-found',
    sampled: true,
    did: 'The client has the address of the registry without its path.',
    room: 'below',
    cause: async (scene) => scene.publish({ registry: new URL('/', scene.url()).href, token: await scene.exchange() }),
  },
];

export const scenarios: readonly NpmScenario[] = [
  ...situations.filter(({ code }) => code !== 'token-too-large'),
  ...exchange,
  ...credential,
  ...upload,
  ...outage,
];

export const impossible: Impossible = {
  'token-too-large':
    'The identity token comes in a header here, and all headers of a request together may have 16 KiB: the answer to more is a bare 431.',
  'token-missing': 'These clients ask for the exchange only with an identity token in hand.',
  'change-stale': 'It takes another change of the package in the instant between what the client reads and what it writes.',
  'change-not-there': 'These clients read the package first, and say themselves that there is no such version.',
  'change-unverified': 'It takes a registry that says yes and does nothing.',
  'body-invalid': 'These clients write documents that are as they should be.',
  'body-mismatch': 'These clients take name and version from the package.json that they pack.',
  'body-digest': 'These clients compute the digests from the file that they send.',
  'body-type': 'These clients send JSON and say so.',
  'body-encoding': 'These clients do not compress what they upload.',
  'body-incomplete': 'It takes a client, or a proxy between, that dies in the middle of an upload and then reads the answer.',
  'request-invalid': 'These clients write requests that are as they should be.',
  'request-path': 'These clients refuse names that would make such a path.',
  'request-method': 'These clients use the methods that belong to each address.',
  'request-timeout': 'It takes a client, or a proxy between, that stops in the middle of a request.',
  'request-expectation': 'These clients expect nothing.',
  'grant-type': 'These clients do not speak RFC 8693.',
  'scope-invalid': 'These clients do not speak RFC 8693.',
  'target-invalid': 'These clients do not speak RFC 8693.',
  internal: 'It takes a mistake in Countersign.',
};
