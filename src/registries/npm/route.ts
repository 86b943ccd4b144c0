// What a request inside an npm registry is: the short list of what an upload token may do, and a name for everything else.
import type { Grant } from '../../core/grant.ts';
import { refuse } from '../../core/refusal.ts';
import { parseToken } from '../../core/upload-token.ts';
import type { Head, Reply, Route } from '../registry.ts';
import { changeTag } from './manage.ts';
import { nameOf, pathProblem, spelledName } from './path.ts';
import { json } from './reply.ts';
import { trust } from './trust.ts';
import { unpublish } from './unpublish.ts';

/** Tells what a request is; everything that is not known to be harmless is a write (npm study, part E). */
export function route(head: Head): Route {
  if (head.method === 'GET' || head.method === 'HEAD') return local(head) ?? trust(head) ?? read(head);
  const problem = pathProblem(head.path) ?? queryProblem(head);
  if (problem !== undefined) return refused(problem);
  return trust(head) ?? (head.path.startsWith('/-/') ? beside(head) : ofPackage(head));
}

/** Verdaccio looks for a scope anywhere in the URL, its query too, and Nexus reads `_rev` there (PTH-11). */
function queryProblem({ path, query }: Head): string | undefined {
  if (query === '') return undefined;
  if (!path.startsWith('/-/') || path.startsWith('/-/package/')) return 'a change of a package has no query';
  return /^[\w=&.-]*$/.test(query) ? undefined : 'its query has characters that belong into no change';
}

const visibilityPath = new RegExp(`^/-/package/${spelledName}/visibility$`);

/** Questions of publishing clients to which the upstream has no good answer. */
function local(head: Head): Route | undefined {
  if (head.method !== 'GET' || head.query !== '') return undefined;
  if (head.path === '/-/whoami') return { kind: 'local', answer: whoami };
  if (head.path === '/-/ping') return { kind: 'local', answer: () => json(200, {}) };
  // `true` would make npm write the package's name and repository into the public transparency log.
  if (visibilityPath.test(head.path)) return { kind: 'local', answer: () => json(200, { public: false }) };
  return undefined;
}

function whoami(grants: readonly Grant[]): Reply {
  const publishers = [...new Set(grants.map((grant) => grant.publisher))];
  return json(200, { username: `trusted-publisher:${publishers.join(',')}` });
}

const readPath = new RegExp(`^/(?:(${spelledName})(?:/[\\w.+~-]+|/-/[\\w.+~-]+)?|-/package/(${spelledName})/dist-tags)$`);

/** A read has a name only where every server reads the same one: it may then be sent with the service credential. */
function read(head: Head): Route {
  const plain = (head.query === '' || head.query === 'write=true') && pathProblem(head.path) === undefined;
  const groups = plain ? readPath.exec(head.path) : null;
  const name = nameOf(groups?.[1] ?? groups?.[2] ?? '');
  return name === undefined ? { kind: 'read' } : { kind: 'read', name };
}

const packagePath = new RegExp(`^/(${spelledName})(/.*)?$`);

/** A write to a package's own path. */
function ofPackage(head: Head): Route {
  const [, spelling = '', rest = ''] = packagePath.exec(head.path) ?? [];
  const name = nameOf(spelling);
  if (name === undefined) return refused('it does not start with a package name in lower case');
  if (rest === '' && head.method === 'PUT') return { kind: 'upload', name };
  if (rest.endsWith('/')) return refused('it ends with a slash');
  const removal = unpublish(head, name, rest);
  if (removal !== undefined) return removal;
  return { kind: 'write', what: whatOfPackage(head.method, rest), name };
}

function whatOfPackage(method: string, rest: string): string {
  if (method === 'DELETE') return 'unpublish';
  if (rest.startsWith('/-rev/')) return 'unpublish versions or change owners';
  if (rest.startsWith('/-/')) return 'upload a tarball without its manifest';
  return method === 'PUT' ? 'change a dist-tag by this path' : `${method} a package`;
}

const tagPath = new RegExp(`^/-/package/((?:(?:@|%40)[^/%]+%2[fF])?[^/%@]+)/dist-tags/([^/]+)$`);
const packageMatter = new RegExp(`^/-/package/(${spelledName})/([^/]+)`);

/** A write to a path that belongs to no package, or that names one behind `/-/package/`. */
function beside(head: Head): Route {
  const tokenPath = /^\/-\/user\/token\/(.+)$/.exec(head.path)?.[1];
  const parsed = tokenPath === undefined || head.method !== 'DELETE' ? undefined : parseToken(tokenPath);
  // A damaged one is nobody's, and is forgotten with the same words.
  if (tokenPath !== undefined && parsed !== undefined && parsed.kind !== 'foreign')
    return { kind: 'revoke', token: parsed.kind === 'token' ? parsed.token : tokenPath, done: json(200, { ok: true }) };
  if (!head.path.startsWith('/-/package/')) return besidePackages(head);
  const [, spelling = '', tag = ''] = tagPath.exec(head.path) ?? [];
  const tagged = nameOf(spelling);
  if (tagged !== undefined && (head.method === 'PUT' || head.method === 'DELETE')) return changeTag(head, tagged, tag);
  const [, other = '', matter = ''] = packageMatter.exec(head.path) ?? [];
  const name = nameOf(other);
  if (name === undefined) return refused('it does not hold a package name in lower case');
  return { kind: 'write', what: whatOfMatter(matter), name };
}

function whatOfMatter(matter: string): string {
  if (matter === 'dist-tags') return 'change dist-tags by this path';
  return `change the ${matter} of a package`;
}

/** Writes outside packages, and whether they leave all packages alone: people log in whatever the policy says of uploads. */
const phrases: readonly { readonly path: RegExp; readonly what: string; readonly harmless?: true }[] = [
  { path: /^\/-\/user\/org\.couchdb\.user:[^/]+$/, what: 'log in or create users', harmless: true },
  { path: /^\/-\/(?:v1\/login|verdaccio\/sec\/login)$/, what: 'log in', harmless: true },
  { path: /^\/-\/(?:npm\/v1\/tokens(?:\/token\/[^/]+)?|user\/token\/.+)$/, what: 'create or revoke other tokens', harmless: true },
  // `npm audit` asks by POST, after each install.
  { path: /^\/-\/npm\/v1\/security\/(?:advisories\/bulk|audits|audits\/quick)$/, what: 'ask for an audit', harmless: true },
  { path: /^\/-\/npm\/v1\/user/, what: 'change a profile' },
  { path: /^\/-\/(?:team|org)\//, what: 'change teams' },
  { path: /^\/-\/stage/, what: 'stage versions' },
  { path: /^\/-\/pnpr\//, what: 'publish in batches' },
];

function besidePackages(head: Head): Route {
  const known = phrases.find(({ path }) => path.test(head.path));
  if (known === undefined) return { kind: 'write', what: `${head.method} to this path` };
  return { kind: 'write', what: known.what, ...(known.harmless === undefined ? {} : { harmless: known.harmless }) };
}

function refused(problem: string): Route {
  return { kind: 'refused', refusal: refuse('request-path', { problem }) };
}
