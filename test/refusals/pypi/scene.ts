// A scenario as a Python client plays it.
import { readFileSync, writeFileSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import { request } from 'node:https';
import { dirname, join } from 'node:path';
import { publishPython, runClient, type ClientRun, type PythonClient } from '../../support/clients.ts';
import { requires, ROOT } from '../../support/components.ts';
import { pythonPackage, type PythonPackage } from '../../support/python-package.ts';
import { tempDir } from '../../support/temp.ts';
import { claimsOf, identityOf } from '../job.ts';
import type { RoomName } from '../rooms.ts';
import { exchangeArgs, exchangeForm, uploadArgs } from './curl.ts';
import type { Scenario, Scene } from '../scenario.ts';
import { sceneOf, type Stage } from '../stage.ts';

/** `mint` is `countersign mint`; `action` is what gh-action-pypi-publish is documented to do before it runs twine. */
export const PYPI_CLIENTS = ['uv', 'pdm', 'maturin', 'twine', 'mint', 'action', 'curl'] as const;
export type PypiClient = (typeof PYPI_CLIENTS)[number];

export interface PypiScene extends Scene {
  readonly client: PypiClient;
  /** `acme-zq12q` */
  readonly name: string;
  readonly folders: { readonly home: string; readonly project: () => string };
  /** Publishes, from the job unless `password` says with what. */
  readonly publish: (how?: PypiPublishing) => Promise<ClientRun>;
  /** The same as it is done with each client: from the job, or with a token that was minted in it before. */
  readonly release: (how?: PypiPublishing) => Promise<ClientRun>;
  /** The identity token of the job. */
  readonly identity: () => Promise<string>;
  /** curl with these arguments; it trusts the proxy's certificate. */
  readonly curl: (args: readonly string[]) => Promise<ClientRun>;
  /** Runs something while the policy lacks the scenario's publisher. */
  readonly withdrawn: <R>(run: () => Promise<R>) => Promise<R>;
}

export interface PypiPublishing {
  readonly name?: string;
  readonly version?: string;
  readonly username?: string;
  readonly password?: string;
  /** No credential, and no CI either. */
  readonly nothing?: boolean;
  /** Bytes of noise in the sdist, which is uploaded in place of the wheel when there is some. */
  readonly noise?: number;
  readonly room?: RoomName;
  /** The address of the index, where it is wrong. */
  readonly url?: string;
  /** Another name for the sdist, which is uploaded in place of the wheel. */
  readonly sdist?: string;
  /** With curl: another digest than the file's, and more arguments. */
  readonly digest?: string;
  readonly more?: readonly string[];
}

export type PypiScenario = Scenario<PypiClient, PypiScene>;

export function pypiScene(stage: Stage<PypiScenario>, scenario: PypiScenario, client: PypiClient): PypiScene {
  const id = stage.idOf(scenario);
  const home = tempDir('home');
  const trust: Record<string, string> = stage.url().startsWith('http:')
    ? {}
    : { SSL_CERT_FILE: stage.ca, REQUESTS_CA_BUNDLE: stage.ca, CURL_CA_BUNDLE: stage.ca, NODE_EXTRA_CA_CERTS: stage.ca };
  let project = '';
  const exchange = async (identity?: string, room: RoomName = scenario.room ?? 'main'): Promise<string> => {
    const { token: _token, ...plain } = scenario;
    const shown = identity ?? stage.issuer.sign(claimsOf(plain, scene, stage.host(room)));
    const body = await post(new URL('/_/oidc/mint-token', stage.url(room)).href, { token: shown }, stage.ca);
    const { token } = JSON.parse(body) as { token?: string };
    if (token === undefined) throw new Error(`not exchanged: ${body}`);
    return token;
  };
  const job = (): Record<string, string> =>
    stage.tokens.env(claimsOf(scenario, scene, ''), (audience) => identityOf(scenario, scene, audience));
  const identity = (): Promise<string> => identityOf(scenario, scene, stage.host(scenario.room));
  const curl = (args: readonly string[]): Promise<ClientRun> => runClient('curl', args, { home, env: trust, timeoutMs: 150_000 });
  const publish = async (how: PypiPublishing = {}): Promise<ClientRun> => {
    const url = how.url ?? stage.url(how.room ?? scenario.room);
    const here = { home, env: { ...trust, ...(how.nothing === true || how.password !== undefined ? {} : job()) } };
    if (client === 'mint') return runClient('node', [join(ROOT, 'src', 'main.ts'), 'mint', '--url', url], here);
    if (client === 'action') return runClient('node', [join(import.meta.dirname, 'action.ts'), url], here);
    const pkg = pythonPackage(how.name ?? scene.name, how.version, [], how.noise ?? 0);
    project = pkg.folder;
    if (client !== 'curl') return upload(client, pkg, how, url, here);
    const minted = how.password === undefined ? await curl(exchangeArgs(new URL(url).origin, exchangeForm(await identity()))) : undefined;
    if (minted !== undefined && minted.code !== 0) return minted;
    const { access_token: token = how.password ?? '' } = JSON.parse(minted?.stdout ?? '{}') as { access_token?: string };
    const about = { file: fileOf(pkg, how), name: how.name ?? scene.name, version: how.version ?? '1.0.0' };
    return curl(uploadArgs(url, { ...how, ...about, login: `${how.username ?? '__token__'}:${token}` }));
  };
  const withdrawn = <R>(run: () => Promise<R>): Promise<R> => stage.without(scenario, run);
  const scene: PypiScene = {
    ...sceneOf(stage, scenario, exchange),
    client,
    name: `acme-${id}`,
    folders: { home, project: () => project },
    identity,
    curl,
    publish,
    release: async (how) => publish(client === 'twine' ? { password: await exchange(), ...how } : how),
    withdrawn,
  };
  return scene;
}

/** The file to upload, which nobody has looked into yet. */
function fileOf(pkg: PythonPackage, how: PypiPublishing): string {
  if (how.sdist === undefined) return how.noise === undefined ? pkg.wheel : pkg.sdist;
  const file = join(dirname(pkg.sdist), how.sdist);
  writeFileSync(file, readFileSync(pkg.sdist));
  return file;
}

function upload(
  client: Extract<PythonClient, PypiClient>,
  pkg: PythonPackage,
  how: PypiPublishing,
  url: string,
  here: { readonly home: string; readonly env: Record<string, string> },
): Promise<ClientRun> {
  const file = fileOf(pkg, how);
  const login = how.password === undefined ? {} : { login: { username: how.username ?? '__token__', password: how.password } };
  const always = client === 'uv' && how.password === undefined && how.nothing !== true ? ['--trusted-publishing', 'always'] : [];
  return publishPython(client, [file], { url, cwd: pkg.folder, ...here, ...login, args: always, timeoutMs: 150_000 });
}

/** One POST of JSON; gives the body of the answer. */
function post(url: string, document: unknown, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const req = (url.startsWith('https:') ? request : plainRequest)(
      url,
      { method: 'POST', ...(url.startsWith('https:') ? { ca: readFileSync(ca) } : {}), headers, agent: false },
      (res) => {
        let body = '';
        res.setEncoding('utf8').on('data', (text: string) => (body += text));
        res.on('end', () => resolve(body)).on('error', reject);
      },
    );
    req.on('error', reject);
    req.end(JSON.stringify(document));
  });
}

/** Where the interpreter of the clients is, which some of them name in what they print. */
export const pythonFolder = (): string => dirname(dirname(requires('python')));
