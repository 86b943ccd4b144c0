// The pages, by path, and how each becomes a document.
import { AuditUnavailable } from '../audit/store.ts';
import { keyOf } from '../audit/shelves.ts';
import type { Visitor } from './access.ts';
import { framed } from './frame.ts';
import { anchor, to } from './href.ts';
import { health } from './pages/health.ts';
import { migration } from './pages/migration.ts';
import { overview } from './pages/overview.ts';
import { packagePage } from './pages/package.ts';
import { publisher } from './pages/publisher.ts';
import { publishers } from './pages/publishers.ts';
import { publishes } from './pages/publishes.ts';
import { refusals } from './pages/refusals.ts';
import { requestPage, whereTo } from './pages/request.ts';
import { tried, tryForm } from './pages/try.ts';
import { page, seeOther, type AdminReply, type AdminRequest } from './reply.ts';
import type { AdminRoom, Scene, View } from './scene.ts';
import { nothing } from './table.ts';

export const pages: Readonly<Record<string, (scene: Scene) => Promise<View>>> = {
  '/': overview,
  '/publishes': publishes,
  '/refusals': refusals,
  '/publishers': publishers,
  '/publisher': publisher,
  '/migration': migration,
  '/health': health,
  '/package': packagePage,
  '/request': requestPage,
  '/try': tryForm,
};

/** Answers a visitor with the page of the path, or with one that says that there is none. */
export async function pageReply(room: AdminRoom, request: AdminRequest, visitor: Visitor): Promise<AdminReply> {
  if (request.path === '/find') return seeOther(whereTo(request.query.get('q') ?? ''));
  const made = Object.hasOwn(pages, request.path) ? pages[request.path] : undefined;
  return made === undefined ? shown(sceneOf(room, request, visitor), async () => missing) : shown(sceneOf(room, request, visitor), made);
}

/** `POST /try`. */
export function posted(room: AdminRoom, request: AdminRequest, visitor: Visitor, fields: URLSearchParams): Promise<AdminReply> {
  return shown(sceneOf(room, request, visitor), (scene) => tried(scene, fields));
}

const missing: View = {
  title: 'Nothing here',
  status: 404,
  main: nothing('There is no page at this address', anchor(to('/'), 'To the overview')),
};

function sceneOf(room: AdminRoom, request: AdminRequest, visitor: Visitor): Scene {
  return { room, request, visitor, configuration: room.configuration(), now: room.now() };
}

/** While the record cannot be asked, the page says so; it says nothing else that could be taken for an empty record. */
async function shown(scene: Scene, make: (scene: Scene) => Promise<View>): Promise<AdminReply> {
  try {
    const [view, samples] = await Promise.all([make(scene), scene.room.audit.find('samples', keyOf('all'))]);
    return page(view.status ?? 200, framed(scene, view, samples?.counts.get('all') ?? 0));
  } catch (error) {
    if (!(error instanceof AuditUnavailable)) throw error;
    const view = {
      title: 'The record cannot be asked',
      main: nothing(error.message, 'Publishing goes on as it can. Try again in a moment.'),
    };
    return page(503, framed(scene, view, 0));
  }
}
