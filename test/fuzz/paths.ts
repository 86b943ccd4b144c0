// Random request targets: no target that is accepted means another package to Verdaccio's Express, to bottle or to WebOb than to us.
import * as fc from 'fast-check';
import { isRefusal } from '../../src/core/refusal.ts';
import { joinUpstream, readTarget } from '../../src/gateway/target.ts';
import { npm } from '../../src/registries/npm/index.ts';
import { pathOf } from '../../src/registries/npm/path.ts';
import { pypi } from '../../src/registries/pypi/index.ts';
import type { Head, Route } from '../../src/registries/registry.ts';
import { under } from '../../src/server/find.ts';
import { requestsOf, stored } from '../registries/changes.ts';
import { registry as npmRegistry } from '../registries/npm/publishing.ts';
import { explore, type Effort, type Fuzzer, type Outcome } from './fuzz.ts';
import { PythonOracle } from './python-oracle.ts';
import { loadRouter, type VerdaccioRouter } from './verdaccio-router.ts';

const alphabet = '/.%2ef5c@;\\#?a'.split('');
const names = [
  '@acme%2fallowed',
  '@acme%2fvictim',
  '@acme/allowed',
  '@acme/victim',
  '%40acme%2fallowed',
  '%40acme/victim',
  'allowed',
  'victim',
  '@acme',
];
const pieces = [
  '/',
  '/',
  '/',
  '/-/',
  '/-rev/',
  '/-/package/',
  '/dist-tags/',
  'latest',
  '1-x',
  'allowed-1.0.0.tgz',
  '/-/user/',
  '/simple/',
  '/+simple/',
  '/packages/',
  '%2f',
  '%2F',
  '%5c',
  '%2e',
  '%2e%2e',
  '..',
  '.',
  '/../',
  '/./',
  '//',
  '\\',
  ';',
  ';x=1',
  '#',
  '?',
  '?write=true',
  '%3f',
  '%23',
  '%252f',
  '%00',
  '%20',
  '%40',
  '@',
  '@@',
  '%61llowed',
  'Allowed',
  '%c0%af',
  '%ef%bc%8f',
  '-',
  '_',
  '~',
  '+',
  '%2b',
  '!',
  ':',
  '*',
  '__proto__',
  'node_modules',
  'é',
  'whoami',
  '.git',
  ...names,
];

const targets = fc.oneof(
  { weight: 2, arbitrary: fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 24 }).map((text) => `/${text}`) },
  { weight: 4, arbitrary: fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 7 }).map((list) => `/${list.join('')}`.replace(/^\/\//, '/')) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...names), fc.constantFrom(...pieces), fc.constantFrom(...pieces)).map((list) => `/${list.join('')}`) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('/-/package/', '/simple/', '/'), fc.constantFrom(...names), fc.constantFrom('', '/', '/dist-tags/latest', '/-rev/1-x', '/latest'))
      .map((list) => list.join('')),
  },
); // prettier-ignore

interface Case {
  readonly method: string;
  readonly target: string;
}
const cases = fc.array(
  fc.record({ method: fc.constantFrom('GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'PATCH'), target: targets }),
  { minLength: 1, maxLength: 100, size: 'max' },
); // prettier-ignore

const upstream = new URL('http://127.0.0.1:4873/up/stream/');
const ofNpm = npmRegistry({ upstream, url: new URL('https://packages.acme.test/npm/') });
const ofNpmx = npmRegistry({ name: 'npmx', upstream, url: new URL('https://packages.acme.test/npmx/') });

interface Accepted extends Case {
  readonly head: Head;
}

/** The heads that reach a registry; objects to paths that are no fixed points of the parsers that we can ask here. */
function accept({ method, target }: Case): Accepted | undefined {
  const read = readTarget(target);
  if (isRefusal(read)) return undefined;
  const written = `${read.path}${read.query === '' ? '' : `?${read.query}`}`;
  const joined = joinUpstream(upstream, read.path.slice(1));
  const url = new URL(joined, 'http://upstream.example');
  if (url.pathname !== joined || url.host !== 'upstream.example') throw new Error(`${target} is ${url.href} to a URL parser`);
  if (written !== target && written !== target.replace(/\?$/, '')) throw new Error(`${target} was read as ${written}`);
  const found = under([ofNpm, ofNpmx], `/npm${read.path}`);
  if (found?.registry !== ofNpm || found.path !== read.path) throw new Error(`${target} is below ${found?.registry.name}`);
  return { method, target, head: { method, path: read.path, query: read.query, headers: new Map([['content-type', 'application/json']]) } };
}

/** The name that we authorise against the one that Verdaccio would act on: in the path as received and, if we write a new one, in that. */
async function checkNpm(express: VerdaccioRouter, { method, target, head }: Accepted): Promise<void> {
  const route = npm.route(head);
  if (route.kind === 'refused' || route.kind === 'local' || route.kind === 'revoke') return;
  const name = 'name' in route ? route.name : undefined;
  const received = `${head.path}${head.query === '' ? '' : `?${head.query}`}`;
  const there = express(method, received);
  for (const forwarded of await forwards(route, received)) {
    const read = express(method, forwarded);
    if (read?.package !== undefined && name !== undefined && read.package !== name)
      throw new Error(`${method} ${target}: ${route.kind} of ${name} is ${read.route} of ${read.package} to Verdaccio`);
  }
  if (route.kind === 'upload' && there?.package !== name)
    throw new Error(`PUT ${target}: ${String(name)} is ${there?.package} as received`);
  // `-` is a package to Verdaccio; nobody can be granted it, and no `trusted_only` can list it.
  if (route.kind === 'write' && name === undefined && npm.packageName(there?.package ?? '') !== undefined)
    throw new Error(`${method} ${target}: a write of nothing known is ${there?.route} of ${there?.package} to Verdaccio`);
}

async function forwards(route: Route, received: string): Promise<string[]> {
  if (route.kind === 'upload' && route.name !== undefined) return [`/${pathOf(route.name)}`];
  if (route.kind !== 'manage') return [received];
  const there = stored(route.name);
  const body =
    route.action === 'dist_tag' ? '"1.0.0"' : JSON.stringify({ name: route.name, versions: { '1.0.0': there.versions['1.0.0'] } });
  const requests = await requestsOf(route, body, there);
  return isRefusal(requests) ? [] : requests.map(({ path }) => `/${path}`);
}

interface PythonRead {
  readonly bottle: {
    readonly error?: string;
    readonly route?: string;
    readonly arguments?: { readonly project?: string; readonly filename?: string };
  };
  readonly webob: string | { readonly error: string };
}

const normal = (name: string): string => name.replaceAll(/[-_.]+/g, '-').toLowerCase();

/** An upload is the registry's own URL and nothing else; what we call a project's page is that project's to bottle and to WebOb. */
function checkPypi({ method, target, head }: Accepted, read: PythonRead): void {
  const route = pypi.route(head);
  if (route.kind === 'upload' && (target.replace(/\?$/, '') !== '/' || method !== 'POST'))
    throw new Error(`${method} ${target} is an upload`);
  if (route.kind !== 'read' || route.name === undefined) return;
  const { project } = read.bottle.arguments ?? {};
  if (project !== undefined && normal(project) !== route.name) throw new Error(`${target}: ${route.name} is ${project} to bottle`);
  if (typeof read.webob !== 'string') throw new Error(`${target}: ${route.name} is ${read.webob.error} to WebOb`);
  const segments = read.webob.split('/').filter((segment) => segment !== '');
  const there = /^\+?simple$/.test(segments[0] ?? '') ? segments[1] : segments[0];
  if (normal(there ?? '') !== route.name) throw new Error(`${target}: ${route.name} is ${there} to WebOb`);
}

async function judge(express: VerdaccioRouter, python: PythonOracle, list: readonly Case[]): Promise<number> {
  const accepted = list.map(accept).filter((each) => each !== undefined);
  const reads = (await python.ask('path', accepted.map(({ method, head }) => ({ method, path: head.path })))) as PythonRead[]; // prettier-ignore
  for (const [i, each] of accepted.entries()) {
    await checkNpm(express, each);
    const read = reads[i];
    if (read !== undefined) checkPypi(each, read);
  }
  return accepted.length;
}

export const paths: Fuzzer = {
  name: 'paths',
  full: { cases: 50_000 },
  async run(effort: Effort): Promise<Outcome> {
    const python = new PythonOracle();
    const express = loadRouter();
    try {
      return await explore(
        'paths',
        effort,
        cases,
        (list) => judge(express, python, list),
        (list) => list.length,
      );
    } finally {
      python.close();
    }
  },
};
