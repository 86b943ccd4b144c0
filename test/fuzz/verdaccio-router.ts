// Verdaccio's own routes, taken from the installed Verdaccio, on its own Express: which package a request names there.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { requires } from '../support/components.ts';

interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
  readonly handle?: { readonly stack?: readonly Layer[] };
}
type Next = (error?: unknown) => void;
type Handler = (req: Request, res: object, next: Next) => void;
interface Request {
  readonly method: string;
  readonly url: string;
  readonly params?: Readonly<Record<string, string>>;
}
interface Router {
  (req: Request, res: object, next: Next): void;
  readonly stack: readonly Layer[];
  param(name: string, handler: unknown): void;
  use(handler: unknown): void;
  route(path: string): Record<string, (handler: Handler) => void>;
}

/** What a request is to Verdaccio; nothing when it has no such route or refuses the path. */
export interface Routed {
  readonly route: string;
  readonly package?: string;
}

/** Routes a request as Verdaccio would. */
export type VerdaccioRouter = (method: string, url: string) => Routed | undefined;

export function loadRouter(): VerdaccioRouter {
  const program = requires('verdaccio');
  const load = createRequire(program);
  const build = join(dirname(program), '..', 'build');
  const express = load('express') as { Router: () => Router };
  const middleware = load('@verdaccio/middleware') as { encodeScopePackage: Handler; match: (text: RegExp) => unknown };
  const { validatePackage, validateName } = load(join(build, 'lib', 'validation.js')) as Record<string, unknown>;
  const ours = express.Router();
  ours.param('package', validatePackage);
  for (const name of ['filename', 'tag', 'version', 'revision', 'token']) ours.param(name, validateName);
  ours.param('_rev', middleware.match(/^-rev$/));
  ours.use(middleware.encodeScopePackage);
  let found: Routed | undefined;
  for (const [method, path] of routesOf(theirRouter(load, build).stack)) {
    ours.route(path)[method]?.((req) => {
      const named = req.params?.['package'];
      found = { route: `${method} ${path}`, ...(named === undefined ? {} : { package: named }) };
    });
  }
  return (method, url) => {
    found = undefined;
    ours({ method, url }, {}, () => undefined);
    return found;
  };
}

/** The endpoint of its npm API with nothing behind it: only its list of routes is used. */
function theirRouter(load: NodeJS.Require, build: string): Router {
  const nothing: object = new Proxy(() => undefined, {
    get: (_, key) => (key === Symbol.toPrimitive ? () => '' : nothing),
    apply: () => nothing,
  });
  const { default: endpoint } = load(join(build, 'api', 'endpoint', 'index.js')) as { default: (...parts: object[]) => Router };
  return endpoint({}, nothing, nothing);
}

function routesOf(stack: readonly Layer[]): (readonly [method: string, path: string])[] {
  return stack.flatMap(({ route, handle }) => {
    if (route !== undefined) return Object.keys(route.methods).map((method) => [method, route.path] as const);
    return routesOf(handle?.stack ?? []);
  });
}
