// How npm clients publish from a CI job (facts: npm 11.5.1, pnpm 11, Yarn 4 exchange themselves; npm looks for a token in
// NPM_ID_TOKEN only where it believes to be on GitLab or CircleCI, pnpm everywhere).
import { shellWord } from '../../core/shell.ts';
import type { Script, ScriptPart, ScriptRequest } from '../../core/snippet.ts';
import { exchangeScript } from '../exchange-script.ts';

export const snippet: ScriptPart = {
  clients: ['npm', 'pnpm', 'yarn', 'bun'],
  script: (request) => {
    switch (request.client) {
      case 'npm':
        return npm(request);
      case 'pnpm':
        return pnpm(request);
      case 'yarn':
        return yarn(request);
      default:
        return bun(request);
    }
  },
};

const variable = 'NPM_ID_TOKEN';

/** On GitHub each client asks for its token itself, for one audience alone; elsewhere the job has to have it. */
function tokenFor({ native, audiences, audience, fixed }: ScriptRequest, usual: string): Pick<Script, 'audience' | 'token'> {
  const accepted = fixed ?? (native === 'github' || audiences.includes(usual) ? usual : audience);
  return { audience: accepted, ...(native === 'github' ? {} : { token: { variable, audience: accepted } }) };
}

/** A client that asks for an audience which the registry does not accept is refused each time. */
function problem({ native, audiences }: ScriptRequest, usual: string): string | undefined {
  return native === 'github' && !audiences.includes(usual)
    ? `the client asks for the audience ${usual}, which this registry does not accept`
    : undefined;
}

/** npm and Yarn support three CIs, of which CircleCI's way is nothing but the variable. */
function pretend({ native }: ScriptRequest): string {
  return native === 'github' || native === 'gitlab' || native === 'circleci' ? '' : 'CIRCLECI=true ';
}

function pretence(request: ScriptRequest, client: string): string[] {
  return pretend(request) === '' ? [] : [`${client} looks for ${variable} on few CIs; CIRCLECI=true makes it look.`];
}

function npm(request: ScriptRequest): Script | string {
  const usual = `npm:${request.url.hostname}`;
  // With CircleCI's way since npm 11.11.
  const upgrade = request.native === 'github' || request.native === 'gitlab' ? [] : ['npm install --global npm@11'];
  const refused = problem(request, usual);
  if (refused !== undefined) return refused;
  return {
    toolchain: 'node',
    build: [...upgrade, 'npm ci'],
    ...tokenFor(request, usual),
    publish: [`${pretend(request)}npm publish --registry ${shellWord(request.url.href)}`],
    notes: pretence(request, 'npm'),
  };
}

function pnpm(request: ScriptRequest): Script {
  const build = ['npm install --global pnpm@11', 'pnpm install --frozen-lockfile'];
  // A tag is no branch, which pnpm would ask for.
  const publish = [`pnpm publish --no-git-checks --registry ${shellWord(request.url.href)}`];
  const usual = `npm:${request.url.hostname}`;
  // pnpm shows no token whose audience is another.
  if (request.fixed !== undefined || !request.audiences.includes(usual)) return withNpmrc(request, { build, publish });
  return { toolchain: 'node', build, ...tokenFor(request, usual), publish, notes: [] };
}

function yarn(request: ScriptRequest): Script | string {
  const usual = `npm:${request.url.host}`;
  const refused = problem(request, usual);
  if (refused !== undefined) return refused;
  return {
    toolchain: 'node',
    build: ['corepack yarn install --immutable'],
    ...tokenFor(request, usual),
    publish: [`CI=true ${pretend(request)}YARN_NPM_PUBLISH_REGISTRY=${shellWord(request.url.href)} corepack yarn npm publish`],
    notes: pretence(request, 'Yarn'),
  };
}

function bun(request: ScriptRequest): Script {
  return {
    toolchain: 'node',
    build: ['npm install --global bun@1', 'bun install --frozen-lockfile'],
    ...exchangeScript(request, 'node', 'NPM_CONFIG_TOKEN'),
    publish: [`NPM_CONFIG_REGISTRY=${shellWord(request.url.href)} bun publish`],
    notes: [],
  };
}

/** A client that takes an upload token from `.npmrc`, in which only the variable's name is written. */
function withNpmrc(request: ScriptRequest, { build, publish }: Pick<Script, 'build' | 'publish'>): Script {
  const { host, pathname } = request.url;
  return {
    toolchain: 'node',
    build,
    ...exchangeScript(request, 'node', 'NPM_UPLOAD_TOKEN'),
    publish: [`echo ${shellWord(`//${host}${pathname}:_authToken=\${NPM_UPLOAD_TOKEN}`)} >> ~/.npmrc`, ...publish],
    notes: [],
  };
}
