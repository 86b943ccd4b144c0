// Everything of the policy but its publishers, compiled: a few entries each, with what may come from the environment.
import type { Configuration } from '../configuration.ts';
import type { Cursor } from '../cursor.ts';
import { compileAudit } from './audit.ts';
import type { Context } from './context.ts';
import { compileIssuers } from './issuers.ts';
import { compileRegistries } from './registries.ts';
import { compileServer } from './server.ts';
import { compileStore } from './store.ts';
import { compileTracing } from './tracing.ts';

export type Sections = Pick<Configuration, 'server' | 'store' | 'audit' | 'tracing' | 'issuers' | 'registries'>;

/** Compiles the sections below `top`; what has errors is left out or stands on its default. */
export function compileSections(top: Cursor, context: Context): Sections {
  const server = compileServer(top.at('server'), context);
  const store = compileStore(top.at('store'), context);
  if (server.workers > 1 && store.kind === 'memory') {
    top.at('server').at('workers').error('more than one worker needs Redis: each would have a memory of its own', 'set store:');
  }
  const audit = compileAudit(top.at('audit'), store.kind, server.workers, context);
  const tracing = compileTracing(top.at('tracing'));
  const registries = compileRegistries(top.at('registries'), context);
  const hosts = new Set([...registries.values()].flatMap(({ url }) => [url.hostname, url.host]));
  const issuers = compileIssuers(top.at('issuers'), context, hosts);
  return { server, store, audit, ...(tracing === undefined ? {} : { tracing }), issuers, registries };
}
