// A scenario as an npm-side client plays it.
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { publishNpm, runClient, type ClientRun, type NpmClient } from '../../support/clients.ts';
import { npmPackage } from '../../support/npm-package.ts';
import { tempDir } from '../../support/temp.ts';
import { claimsOf, identityOf } from '../job.ts';
import { rooms, type RoomName } from '../rooms.ts';
import type { Scenario, Scene } from '../scenario.ts';
import { sceneOf, type Stage } from '../stage.ts';

export interface NpmScene extends Scene {
  readonly client: NpmClient;
  /** `@acme/zq12q` */
  readonly name: string;
  /** Where the client ran, for the masks. */
  readonly folders: { readonly home: string; readonly project: () => string };
  /** Publishes, from the job unless `token` says with which upload token. */
  readonly publish: (how?: NpmPublishing) => Promise<ClientRun>;
  /** Another command of the client, with an upload token. */
  readonly run: (args: readonly string[], token: string) => Promise<ClientRun>;
  /** Runs something while the policy lacks the scenario's publisher. */
  readonly withdrawn: <R>(run: () => Promise<R>) => Promise<R>;
}

export interface NpmPublishing {
  readonly name?: string;
  readonly version?: string;
  /** A token in .npmrc. Without `job` the client then knows of no CI. */
  readonly token?: string;
  readonly job?: boolean;
  readonly args?: readonly string[];
  /** More lines of .npmrc. */
  readonly npmrc?: string;
  /** Bytes of noise in the package. */
  readonly noise?: number;
  readonly room?: RoomName;
  /** The address of the registry, where it is wrong. */
  readonly registry?: string;
}

export type NpmScenario = Scenario<NpmClient, NpmScene>;

export function npmScene(stage: Stage<NpmScenario>, scenario: NpmScenario, client: NpmClient): NpmScene {
  const id = stage.idOf(scenario);
  const name = `@acme/${id}`;
  const home = tempDir('home');
  let project = '';
  const exchange = async (identity?: string, room: RoomName = scenario.room ?? 'main'): Promise<string> => {
    const usual = (): string => {
      const { token: _token, ...plain } = scenario;
      return stage.issuer.sign(claimsOf(plain, scene, `npm:${rooms[room]}`));
    };
    const url = `http://${stage.host(room)}/-/npm/v1/oidc/token/exchange/package/${name.replace('/', '%2f')}`;
    const answer = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${identity ?? usual()}` } });
    const body = (await answer.json()) as { token?: string };
    if (body.token === undefined) throw new Error(`not exchanged: ${answer.status} ${JSON.stringify(body)}`);
    return body.token;
  };
  const publish = (how: NpmPublishing = {}): Promise<ClientRun> => {
    const pkg = npmPackage(how.name ?? name, how.version);
    if (how.noise !== undefined) writeFileSync(join(pkg.folder, 'noise.bin'), randomBytes(how.noise));
    project = pkg.folder;
    const registry = how.registry ?? stage.url(how.room ?? scenario.room);
    const job = how.job ?? how.token === undefined;
    const env = {
      ...(job ? stage.tokens.env(claimsOf(scenario, scene, ''), (audience) => identityOf(scenario, scene, audience)) : {}),
      ...(how.token !== undefined && client === 'yarn-4' ? { YARN_NPM_AUTH_TOKEN: how.token } : {}),
      YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.*,localhost',
      YARN_ENABLE_GLOBAL_CACHE: '0',
      ...patient,
    };
    const npmrc = [...(how.token === undefined ? [] : [authLine(registry, how.token)]), how.npmrc ?? '', ...patience];
    return publishNpm(client, pkg.folder, { registry, env, npmrc: npmrc.join('\n'), home, args: how.args ?? [], timeoutMs: 120_000 });
  };
  const run = (args: readonly string[], token: string): Promise<ClientRun> => {
    const registry = stage.url(scenario.room);
    return runClient(client, args, { home, npmrc: [`registry=${registry}`, authLine(registry, token), ...patience].join('\n') });
  };
  const withdrawn = <R>(run: () => Promise<R>): Promise<R> => stage.without(scenario, run);
  const scene: NpmScene = {
    ...sceneOf(stage, scenario, exchange),
    client,
    name,
    folders: { home, project: () => project },
    publish,
    run,
    withdrawn,
  };
  return scene;
}

/** So that nobody waits for the second and third try of a request; it changes nothing of what is printed in the end. */
const patience = ['fetch-retries=0'];
const patient = { npm_config_fetch_retries: '0', pnpm_config_fetch_retries: '0', YARN_HTTP_RETRY: '0' };

const authLine = (registry: string, token: string): string => `${registry.replace(/^http:/, '')}:_authToken=${token}`;
