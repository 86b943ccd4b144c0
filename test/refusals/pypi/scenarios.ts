// How Python clients meet each refusal.
import { randomBytes } from 'node:crypto';
import { formatToken } from '../../../src/core/upload-token.ts';
import { busy, situations } from '../identity.ts';
import type { Situation } from '../scenario.ts';
import { exchangesNothing, pdmLooks } from './impossible.ts';
import { curlOnly } from './curl-scenarios.ts';
import { PYPI_CLIENTS, type PypiScenario } from './scene.ts';

const uploadsNothing = {
  mint: '`countersign mint` only exchanges; the upload is shown by the client that makes it.',
  action: 'The action uploads with twine: see [its page](twine.md).',
};
const placeholder = 'XXXXX-XXXXX-XXXXX-XXXXX';

/** The project that the registry of the room `trusted` is strict about. */
export const trustedOnly = 'acme-strict';

const exchange: readonly PypiScenario[] = [
  ...situations.map((situation): PypiScenario => ({ ...situation, ...exchanged(situation) })),
  {
    code: 'too-many',
    did: 'Something exchanges for the same project again and again.',
    cause: (scene) => busy(scene, () => scene.publish()),
    cannot: exchangesNothing,
  },
];

/** An outage is met by whoever uploads, too; all else by whoever exchanges. */
function exchanged({ code }: Situation): Pick<PypiScenario, 'cause' | 'cannot'> {
  if (code === 'token-malformed' || code === 'audience') return { cannot: { ...exchangesNothing, pdm: pdmLooks } };
  if (code !== 'store-unavailable') return { cannot: exchangesNothing };
  return { cause: (scene) => scene.publish(scene.client === 'twine' ? { password: formatToken(randomBytes(32), 'pypi') } : {}) };
}

/** Scenarios about the upload. */
const about = (scenarios: readonly PypiScenario[]): PypiScenario[] =>
  scenarios.map((scenario) => ({ ...scenario, cannot: { ...uploadsNothing, ...scenario.cannot } }));

const credential = about([
  {
    code: 'upload-unauthenticated',
    did: 'The job asked for no token, and the password of the upload is empty.',
    cause: (scene) => scene.publish({ password: '' }),
    cannot: { pdm: 'pdm sends no upload without a password: it says that user name and password are required, and stops.' },
  },
  {
    code: 'upload-placeholder',
    did: 'The placeholder that `actions/setup-node` writes was taken for a token.',
    cause: (scene) => scene.publish({ password: placeholder }),
  },
  {
    code: 'upload-token-unknown',
    did: 'The upload token was minted by another proxy, or so long ago that it expired.',
    cause: (scene) => scene.publish({ password: formatToken(randomBytes(32), 'pypi') }),
  },
  {
    code: 'upload-token-damaged',
    did: 'The upload token lost its last characters on the way through a variable.',
    cause: async (scene) => scene.publish({ password: (await scene.exchange()).slice(0, -3) }),
  },
  {
    code: 'upload-token-withdrawn',
    did: 'An administrator took the publisher out of the policy between exchange and upload.',
    cause: async (scene) => {
      const password = await scene.exchange();
      return scene.withdrawn(() => scene.publish({ password }));
    },
  },
  {
    code: 'upload-limit',
    did: 'The publisher says `single_use: true`, and the upload token was used before.',
    publisher: { single_use: true },
    cause: async (scene) => {
      const password = await scene.exchange();
      await scene.publish({ password, version: `0.0.${Date.now()}` });
      return scene.publish({ password });
    },
  },
  {
    code: 'upload-scope',
    did: 'The job publishes a project that its publisher does not list: the upload token is good for every project of the publisher, and for no other.',
    cause: (scene) => scene.release({ name: 'acme-icons' }),
  },
  {
    code: 'upload-registry',
    did: 'The upload token was minted at one registry and is used at another.',
    cause: async (scene) => scene.publish({ password: await scene.exchange(), room: 'small' }),
  },
  {
    code: 'long-lived-refused',
    did: 'The project is among `trusted_only`, and the upload comes with a password of old.',
    room: 'trusted',
    cause: (scene) => scene.publish({ username: 'anna', password: 'of-old', name: trustedOnly }),
  },
  {
    code: 'long-lived-unnamed',
    did: 'The registry has `trusted_only`, and an upload with a password of old goes to another path than the address of the registry.',
    room: 'trusted',
    cause: (scene) => scene.publish({ username: 'anna', password: 'of-old', url: new URL('legacy/', scene.url()).href }),
  },
  {
    code: 'request-invalid',
    did: 'The upload token is sent with the name of a user in place of `__token__`.',
    cause: async (scene) => scene.publish({ username: 'anna', password: await scene.exchange() }),
  },
]);

const upload = about([
  {
    code: 'upload-action',
    did: 'The publisher lets the job yank and nothing else, and the job publishes.',
    publisher: { allow: ['yank'] },
    cause: (scene) => scene.release(),
  },
  {
    code: 'upload-tag-rule',
    did: 'The publisher says `tag: v{{version}}`, and the version of the project is not the one of the Git tag.',
    publisher: { tag: 'v{{version}}' },
    cause: (scene) => scene.release({ version: '1.1.0' }),
  },
  {
    code: 'upload-new-package',
    did: 'The project is new, and the publisher covers it by a pattern only.',
    publisher: (id) => ({ publish: { pypi: [`acme-${id}*`] }, create: false }),
    cause: (scene) => scene.release(),
  },
  {
    code: 'upload-exists',
    did: 'The file was published before.',
    cause: async (scene) => {
      await scene.release();
      return scene.release();
    },
  },
  {
    code: 'body-invalid',
    did: 'The source archive is a zip file, as old versions of setuptools made them on some systems.',
    cause: (scene) => scene.release({ sdist: `${scene.name.replace('-', '_')}-1.0.0.zip` }),
    cannot: {
      uv: 'uv uploads no file with such a name.',
      pdm: 'pdm uploads no file with such a name.',
      maturin: 'maturin uploads no file with such a name.',
      twine: 'twine looks into the file itself.',
    },
  },
  {
    code: 'body-mismatch',
    did: 'The file of one project was given the name of another.',
    cause: (scene) => scene.release({ sdist: 'acme_icons-1.0.0.tar.gz' }),
  },
  {
    code: 'body-too-large',
    did: "The file is larger than the registry's `max_upload`.",
    room: 'small',
    cause: (scene) => scene.release({ noise: 40_000 }),
  },
]);

const outage = about([
  { code: 'upstream-unreachable', did: 'The index behind the proxy is down.', room: 'unreachable', cause: (scene) => scene.release() },
  {
    code: 'upstream-timeout',
    did: 'The index behind the proxy hangs.',
    room: 'silent',
    publisher: (id) => ({ publish: { silent: [`acme-${id}-*`] } }),
    cause: (scene) => scene.release({ name: `${scene.name}-x${PYPI_CLIENTS.indexOf(scene.client)}` }),
    together: true,
  },
  {
    code: 'upstream-broken',
    did: 'What answers in place of the index is no HTTP server.',
    room: 'broken',
    cause: (scene) => scene.release(),
  },
  {
    code: 'upstream-credential',
    did: 'The password of the service account was changed, but not in the policy.',
    room: 'credential',
    cause: (scene) => scene.release(),
  },
  {
    code: 'upstream-refused',
    did: 'The index behind the proxy does not want the file, for a reason of its own.',
    room: 'refusing',
    cause: (scene) => scene.release(),
  },
  {
    code: 'request-host',
    sampled: true,
    did: 'The client uses a name of the host that no `url:` has.',
    cause: async (scene) => scene.publish({ url: scene.url().replace(/127[.\d]+/, 'localhost'), password: await scene.exchange() }),
  },
  {
    code: 'request-not-found',
    sampled: true,
    did: 'The client has the address of the registry without its path.',
    room: 'below',
    cause: async (scene) => scene.publish({ url: new URL('/', scene.url()).href, password: await scene.exchange() }),
  },
]);

export const scenarios: readonly PypiScenario[] = [...exchange, ...credential, ...upload, ...outage, ...curlOnly];
