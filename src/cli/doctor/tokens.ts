// Static tokens in the way of trusted publishing: in variables and in files. No value is ever shown.
import { parse } from 'yaml';
import { isJsonObject, own } from '../../core/json.ts';
import { parseToken } from '../../core/upload-token.ts';
import { bad, good, type Finding } from './finding.ts';
import { ecosystems, homeOf, textIn, type Job } from './job.ts';
import { npmSettings } from './npmrc.ts';

interface Found {
  /** Where it is, and how it is called there. */
  readonly where: string;
  readonly value: string;
  /** Clients that read it. */
  readonly readers: readonly string[];
  /** What they make of a static token there. */
  readonly effect: 'wins' | 'stands in' | 'is sent';
  readonly remove: string;
}

const effects = {
  wins: 'The client takes it and does not try trusted publishing: whoever has it publishes as always.',
  'stands in': 'When the exchange is refused the client takes it without a word, and the reason of the refusal is lost.',
  'is sent': 'It is sent as the password, and is no upload token.',
} as const;

const npmLike = ['npm', 'pnpm', 'bun'];
const variables: readonly (readonly [name: string, readers: readonly string[], effect: Found['effect']])[] = [
  ['NODE_AUTH_TOKEN', npmLike, 'stands in'],
  ['NPM_TOKEN', npmLike, 'stands in'],
  ['NPM_AUTH_TOKEN', npmLike, 'stands in'],
  ['NPM_CONFIG_TOKEN', npmLike, 'stands in'],
  ['YARN_NPM_AUTH_TOKEN', ['yarn'], 'wins'],
  ['YARN_NPM_AUTH_IDENT', ['yarn'], 'wins'],
  ['UV_PUBLISH_TOKEN', ['uv'], 'wins'],
  ['UV_PUBLISH_PASSWORD', ['uv'], 'wins'],
  ['PDM_PUBLISH_PASSWORD', ['pdm'], 'wins'],
  ['MATURIN_PYPI_TOKEN', ['maturin'], 'wins'],
  ['MATURIN_PASSWORD', ['maturin'], 'wins'],
  ['TWINE_PASSWORD', ['twine'], 'is sent'],
  ['HATCH_INDEX_AUTH', ['hatch'], 'is sent'],
  ['FLIT_PASSWORD', ['flit'], 'is sent'],
];

/** What actions/setup-node writes where it knows no token. */
const placeholder = 'XXXXX-XXXXX-XXXXX-XXXXX';

/** One finding for each token that is not an upload token. */
export function lookAtTokens(job: Job): readonly Finding[] {
  const all = [...inVariables(job.env), ...inNpmrc(job), ...inYarnrc(job), ...inPypirc(job)];
  const findings = all.filter(({ readers }) => readers.some((reader) => publishes(reader, job))).map((found) => judge(found, job));
  return findings.length > 0 ? findings : [good('token', 'no static token in variables, .npmrc, .yarnrc.yml or .pypirc')];
}

/** Whether the client may be the one that publishes here. */
function publishes(client: string, job: Job): boolean {
  if (job.client !== undefined) return job.client === client;
  return job.ecosystem === undefined || ecosystems[client] === job.ecosystem;
}

function judge({ where, value, readers, effect, remove }: Found, job: Job): Finding {
  const parsed = parseToken(value);
  if (parsed.kind === 'token') return good('token', `${where} is an upload token of Countersign`);
  if (parsed.kind === 'damaged')
    return bad(
      'token',
      'fail',
      `${where} is an upload token that was cut short or mistyped`,
      'It is refused; look at how the job passes it on.',
    );
  if (value.includes(placeholder)) {
    const why = 'setup-node writes it for registry-url; npm replaces it when the exchange works, and sends it when not.';
    const fix = ['# actions/setup-node: without registry-url', `# .npmrc: registry=${job.url?.href ?? '<url>'}`];
    return bad('token', 'warn', `${where} is the placeholder of actions/setup-node`, why, fix);
  }
  if (/^eyJ[\w-]+\.[\w-]+\.[\w-]*$/.test(value))
    return bad(
      'token',
      'fail',
      `${where} is an identity token`,
      'It is no password; `countersign mint` exchanges it for an upload token.',
      [remove],
    );
  // Whether another client publishes is not known.
  const certain = effect === 'wins' && job.client !== undefined && readers.includes(job.client);
  return bad('token', certain ? 'fail' : 'warn', `${where} holds a static token`, effects[effect], [remove]);
}

function inVariables(env: NodeJS.ProcessEnv): Found[] {
  const poetry = Object.keys(env).filter((name) => /^POETRY_(?:PYPI_TOKEN|HTTP_BASIC_\w+_PASSWORD)/.test(name));
  return [...variables, ...poetry.map((name) => [name, ['poetry'], 'is sent'] as const)].flatMap(([name, readers, effect]) => {
    const value = env[name];
    return value ? [{ where: name, value, readers, effect, remove: `# remove the variable ${name} from the job` }] : [];
  });
}

/** Tokens for the host of Countersign; those for other hosts are none of its business. */
function inNpmrc(job: Job): Found[] {
  const host = job.url?.host;
  return npmSettings(job).flatMap(({ key, value, from }): Found[] => {
    const [, at] = /^\/\/([^/]+)\/.*:(?:_authToken|_auth|_password)$/.exec(key) ?? [];
    // An unset variable stands there as it is written: no client sends that.
    if (at === undefined || (host !== undefined && at !== host) || value.includes('${')) return [];
    return [{ where: `${from} (${key})`, value, readers: npmLike, effect: 'stands in', remove: `# remove from ${from}: ${key}=…` }];
  });
}

function inYarnrc({ cwd, env }: Job): Found[] {
  return [
    { text: textIn(cwd, '.yarnrc.yml'), from: '.yarnrc.yml' },
    { text: homeOf(env) === cwd ? undefined : textIn(homeOf(env), '.yarnrc.yml'), from: '~/.yarnrc.yml' },
  ].flatMap(({ text, from }) => {
    const settings = yarnSettings(text ?? '');
    const blocks = [settings, ...['npmRegistries', 'npmScopes'].flatMap((key) => nested(settings, key))];
    return blocks.flatMap((block) =>
      ['npmAuthToken', 'npmAuthIdent'].flatMap((key): Found[] => {
        const value = isJsonObject(block) ? own(block, key) : undefined;
        if (typeof value !== 'string' || value === '' || value.includes('${')) return [];
        return [{ where: `${from} (${key})`, value, readers: ['yarn'], effect: 'wins', remove: `# remove from ${from}: ${key}` }];
      }),
    );
  });
}

function yarnSettings(text: string): unknown {
  try {
    return parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function nested(settings: unknown, key: string): unknown[] {
  const map = isJsonObject(settings) ? own(settings, key) : undefined;
  return isJsonObject(map) ? Object.values(map) : [];
}

function inPypirc({ env }: Job): Found[] {
  const text = textIn(homeOf(env), '.pypirc') ?? '';
  const [, value] = /^\s*password\s*[:=]\s*(\S+)/m.exec(text) ?? [];
  return value === undefined
    ? []
    : [
        {
          where: '~/.pypirc (password)',
          value,
          readers: ['twine', 'flit'],
          effect: 'is sent',
          remove: '# remove from ~/.pypirc: password',
        },
      ];
}
