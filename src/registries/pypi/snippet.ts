// How Python clients publish from a CI job. uv, pdm and maturin exchange themselves on some CIs; twine only for indexes that it
// has built in, Poetry, Hatch and Flit nowhere: they get an upload token.
import { shellWord } from '../../core/shell.ts';
import type { Native, Script, ScriptPart, ScriptRequest } from '../../core/snippet.ts';
import { exchangeScript } from '../exchange-script.ts';

interface Client {
  readonly build: readonly string[];
  /** CIs on which it exchanges itself. */
  readonly native: readonly Native[];
  readonly publish: (url: string, native: boolean) => readonly string[];
  /** The variable that takes an upload token, and the assignments beside it. */
  readonly variable: string;
  readonly beside: readonly string[];
}

/** `python -m build`, for clients that only upload. */
const built = (...tools: readonly string[]): readonly string[] => [`pip install ${['build', ...tools].join(' ')}`, 'python -m build'];

const clients: Readonly<Record<string, Client>> = {
  uv: {
    build: ['pip install uv', 'uv build'],
    native: ['github', 'gitlab', 'buildkite', 'circleci'],
    // With `always` a refused exchange is the end of the job; otherwise uv would go on without a token.
    publish: (url, native) => [`uv publish ${native ? '--trusted-publishing always ' : ''}--publish-url ${url}`],
    variable: 'UV_PUBLISH_TOKEN',
    beside: [],
  },
  pdm: {
    build: ['pip install pdm', 'pdm build'],
    native: ['github', 'gitlab'],
    publish: (url) => [`pdm publish --no-build --repository ${url}`],
    variable: 'PDM_PUBLISH_PASSWORD',
    beside: ['PDM_PUBLISH_USERNAME=__token__'],
  },
  maturin: {
    build: ['pip install maturin', 'maturin build --release --out dist'],
    native: ['github'],
    publish: (url) => [`maturin upload --repository-url ${url} dist/*`],
    variable: 'MATURIN_PASSWORD',
    beside: ['MATURIN_USERNAME=__token__'],
  },
  twine: {
    build: built('twine'),
    native: [],
    publish: (url) => [`twine upload --repository-url ${url} dist/*`],
    variable: 'TWINE_PASSWORD',
    beside: ['TWINE_USERNAME=__token__'],
  },
  poetry: {
    build: ['pip install poetry', 'poetry build'],
    native: [],
    publish: (url) => [`poetry config repositories.countersign ${url}`, 'poetry publish --repository countersign'],
    variable: 'POETRY_PYPI_TOKEN_COUNTERSIGN',
    beside: [],
  },
  hatch: {
    build: ['pip install hatch', 'hatch build'],
    native: [],
    publish: (url) => [`hatch publish --repo ${url}`],
    variable: 'HATCH_INDEX_AUTH',
    beside: ['HATCH_INDEX_USER=__token__'],
  },
  flit: {
    build: ['pip install flit'],
    native: [],
    publish: (url) => [`FLIT_INDEX_URL=${url} flit publish`],
    variable: 'FLIT_PASSWORD',
    beside: ['FLIT_USERNAME=__token__'],
  },
};

const action = 'gh-action';

export const snippet: ScriptPart = {
  clients: [...Object.keys(clients), action],
  script: (request) => {
    const client = clients[request.client];
    if (client === undefined) return withAction(request);
    const url = shellWord(request.url.href);
    const native = request.native !== undefined && client.native.includes(request.native);
    const { audience } = request;
    const base = { toolchain: 'python', build: client.build, publish: client.publish(url, native), notes: [] } as const;
    if (!native) return { ...base, ...exchangeScript(request, 'python', client.variable, client.beside) };
    // The client asks the proxy for the audience.
    return { ...base, audience, ...(request.native === 'gitlab' ? { token: { variable: variableOf(audience), audience } } : {}) };
  },
};

/** On GitLab clients look in a variable that is named after the audience. */
function variableOf(audience: string): string {
  return `${audience.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}_ID_TOKEN`;
}

function withAction(request: ScriptRequest): Script | string {
  if (!request.actions) return 'gh-action-pypi-publish runs on GitHub alone';
  return {
    toolchain: 'python',
    build: built(),
    audience: request.audience,
    publish: [],
    action: { name: 'pypa/gh-action-pypi-publish', with: { 'repository-url': request.url.href } },
    notes: [],
  };
}
