// The style sheet, the script and the icon: files beside this one, named by what is in them, so that they may be kept for ever.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { asset, type Href } from './href.ts';
import type { AdminReply } from './reply.ts';

interface Asset {
  readonly path: Href;
  readonly reply: AdminReply;
}

/** The parts of the style sheet, in their order. */
const styles = ['colours', 'text', 'frame', 'forms', 'figures', 'lists', 'tables', 'marks', 'details', 'sign-in', 'small'] as const;

/** They are no secret: the page for signing in has them, too. */
export const assets = {
  style: serve('dashboard.css', styles.map((part) => read(`style/${part}.css`)).join('\n'), 'text/css; charset=utf-8'),
  script: serve('dashboard.js', read('dashboard.js'), 'text/javascript; charset=utf-8'),
  mark: serve('mark.svg', read('mark.svg'), 'image/svg+xml'),
} as const;

const byPath: ReadonlyMap<string, AdminReply> = new Map(Object.values(assets).map(({ path, reply }) => [path, reply]));

/** The asset at a path. */
export function assetAt(path: string): AdminReply | undefined {
  return byPath.get(path);
}

function read(file: string): string {
  return readFileSync(new URL(`assets/${file}`, import.meta.url), 'utf8');
}

function serve(file: string, body: string, type: string): Asset {
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 12);
  const [name, suffix] = file.split('.');
  return {
    path: asset(`/assets/${name}.${hash}.${suffix}`),
    reply: { status: 200, headers: { 'content-type': type, 'cache-control': 'public, max-age=31536000, immutable' }, body },
  };
}
