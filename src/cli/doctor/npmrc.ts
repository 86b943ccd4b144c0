// The npm settings that a job publishes with, from its environment, package.json and .npmrc files.
import { join } from 'node:path';
import { isJsonObject, own } from '../../core/json.ts';
import { homeOf, packageJson, textIn, type Job } from './job.ts';

export interface Setting {
  readonly key: string;
  /** With `${NAME}` filled in where the variable is set. */
  readonly value: string;
  /** Where it stands, for messages. */
  readonly from: string;
}

/** Settings, those that win first: environment, project, user. */
export function npmSettings({ env, cwd }: Pick<Job, 'env' | 'cwd'>): readonly Setting[] {
  const user = env['NPM_CONFIG_USERCONFIG'] ?? env['npm_config_userconfig'];
  const userText = user === undefined ? textIn(homeOf(env), '.npmrc') : textIn('/', join('/', user));
  return [
    ...fromEnvironment(env),
    ...settingsIn(textIn(cwd, '.npmrc') ?? '', '.npmrc', env),
    ...(homeOf(env) === cwd ? [] : settingsIn(userText ?? '', user ?? '~/.npmrc', env)),
  ];
}

function fromEnvironment(env: NodeJS.ProcessEnv): Setting[] {
  return Object.entries(env).flatMap(([name, value = '']) => {
    const key = /^npm_config_(.+)$/i.exec(name)?.[1];
    return key === undefined || value === ''
      ? []
      : [{ key: key.startsWith('//') || key.startsWith('@') ? key : key.toLowerCase(), value, from: name }];
  });
}

function settingsIn(text: string, from: string, env: NodeJS.ProcessEnv): Setting[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const [, key = '', value = ''] = /^\s*([^#;=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key === '') return [];
    const filled = value
      .replace(/^"(.*)"$/, '$1')
      .replaceAll(/\$\{([^}]+)\}/g, (whole, name: string) => env[name.replace(/\?$/, '')] ?? whole);
    return [{ key, value: filled, from }];
  });
}

/** The setting that decides where a package goes: its scope's registry, else the registry; publishConfig beats both. */
export function registrySetting(job: Pick<Job, 'env' | 'cwd'>, name: string | undefined): Setting | undefined {
  const config = own(packageJson(job.cwd), 'publishConfig');
  const stated = isJsonObject(config) ? own(config, 'registry') : undefined;
  if (typeof stated === 'string') return { key: 'publishConfig.registry', value: stated, from: 'package.json' };
  const settings = npmSettings(job);
  const scope = name?.startsWith('@') === true ? `${name.split('/')[0]}:registry` : undefined;
  return settings.find(({ key }) => key === scope) ?? settings.find(({ key }) => key === 'registry');
}
