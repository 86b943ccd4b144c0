// The upload protocol of Python indexes, as twine, uv, PDM, Hatch, Flit, Poetry, maturin and distutils speak it.
import type { Registry } from '../registry.ts';
import { exchange } from './exchange.ts';
import { existing } from './existing.ts';
import { glimpse } from './glimpse.ts';
import { howTo } from './how-to.ts';
import { inspect } from './inspect.ts';
import { entry, entryProblem, packageName } from './name.ts';
import { presented } from './presented.ts';
import { reply } from './reply.ts';
import { route } from './route.ts';
import { snippet } from './snippet.ts';

export const pypi: Registry = {
  id: 'pypi',
  title: 'PyPI',
  packageName,
  entryProblem,
  entry,
  // One word without a scheme: GitLab builds the name of a variable from it (`pypi.acme.dev` → PYPI_ACME_DEV_ID_TOKEN).
  audiences: (url) => [url.host],
  exchange,
  route,
  presented,
  inspect,
  glimpse,
  turns: 'file',
  existing,
  snippet,
  howTo,
  urlIsForUploads: true,
  reply,
};
