// The npm registry protocol, as npm, pnpm, Yarn, Lerna and Bun speak it.
import type { Registry } from '../registry.ts';
import { exchange } from './exchange.ts';
import { existing } from './existing.ts';
import { howTo } from './how-to.ts';
import { inspect } from './inspect.ts';
import { entry, entryProblem, packageName } from './name.ts';
import { presented } from './presented.ts';
import { reply } from './reply.ts';
import { route } from './route.ts';
import { snippet } from './snippet.ts';

export const npm: Registry = {
  id: 'npm',
  title: 'npm',
  packageName,
  entryProblem,
  entry,
  audiences,
  exchange,
  route,
  presented,
  inspect,
  turns: 'package',
  existing: (probe, _registry, what) => existing(probe, what),
  snippet,
  howTo,
  urlIsForUploads: false,
  reply,
};

/** npm, pnpm and Lerna ask for `npm:<hostname>`, Yarn for `npm:<host:port>`. */
function audiences(url: URL): readonly string[] {
  return [...new Set([`npm:${url.hostname}`, `npm:${url.host}`])];
}
