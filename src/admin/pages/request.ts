// `/request?id=…`: everything that is known of one request, by the id that its client was shown; and `/find`, which leads there.
import type { AuditEntry } from '../../audit/entry.ts';
import { auditFields } from '../../audit/fields.ts';
import { collectPage } from '../../audit/page.ts';
import { duration, size } from '../figures.ts';
import { anchor, to, type Href } from '../href.ts';
import { html, type Html, type Part } from '../html.ts';
import { outcomeBadge, packageName, publisherNames, run, sampleMark, source } from '../records.ts';
import { parameter } from '../reply.ts';
import { facts, nothing } from '../table.ts';
import type { Scene, View } from '../scene.ts';
import { refusalDetails } from './refusals.ts';

const most = 50;

export async function requestPage(scene: Scene): Promise<View> {
  const id = parameter(scene.request, 'id') ?? '';
  const { events } = id === '' ? { events: [] } : await collectPage(scene.room.audit, { where: new Map([['request', [id]]]), limit: most });
  if (events.length === 0)
    return {
      title: 'No such request',
      under: '/publishes',
      status: 404,
      main: nothing(
        'The record has no request of this id',
        "It is 16 hex digits: what the client printed, or the answer's x-request-id. Records that are too old are gone; the log may have them.",
      ),
    };
  const others = await ofSameToken(events, id, scene);
  return {
    title: `Request ${id}`,
    under: '/publishes',
    lede: 'Everything that is known of it',
    main: html`${events.toReversed().map((event) => entry(event, scene))}
    ${
      others.length > 0 &&
      html`<section aria-labelledby="token">
        <h2 id="token">With the same upload token</h2>
        <ul class="recent">
          ${others.map(
            (event) =>
              html`<li>
                <span class="what"
                  >${anchor(to('/request', { id: event.request }), html`${event.event} ${outcomeBadge(event.outcome)}`)}</span
                ><span class="when">${event.time.slice(0, 19).replace('T', ' ')}</span><span class="from">${packageName(event)}</span>
              </li>`,
          )}
        </ul>
      </section>`
    }`,
  };
}

/** The exchange of an upload's token, and the uploads of an exchange's. */
async function ofSameToken(events: readonly AuditEntry[], id: string, { room }: Scene): Promise<readonly AuditEntry[]> {
  const tokens = [...new Set(events.flatMap(({ token }) => (token === undefined ? [] : [token])))];
  if (tokens.length === 0) return [];
  const { events: all } = await collectPage(room.audit, { where: new Map([['token', tokens]]), limit: most });
  return all.filter(({ request, outcome }) => request !== id && outcome !== 'forwarding');
}

/** Shown apart, with links; the others as they are. */
const special = [
  'package',
  'version',
  'registry',
  'publishers',
  'anchor',
  'commit',
  'ref',
  'run',
  'runUrl',
  'milliseconds',
  'bytes',
  'expires',
];
const inRefusal = ['code', 'message', 'considered', 'request', 'event', 'outcome', 'sample'];

function entry(event: AuditEntry, scene: Scene): Html {
  const rest = Object.keys(auditFields).filter((name) => !special.includes(name) && !inRefusal.includes(name)) as (keyof AuditEntry)[];
  return html`<section class="entry">
    <h2>
      ${event.event} ${outcomeBadge(event.outcome)}${sampleMark(event)}
      <time datetime="${event.time}">${event.time.replace('T', ' ').replace('Z', '')}</time>
    </h2>
    ${event.code !== undefined && refusalDetails(event, scene)}
    ${facts([
      ['Code', event.code !== undefined && html`<code>${event.code}</code>`],
      ['Package', event.package !== undefined && html`${packageName(event)}`],
      ['Registry', event.registry],
      ['Publishers', publisherNames(event.publishers)],
      ['Source', source(event, scene)],
      ['Ref', event.ref],
      ['Run', run(event, scene)],
      ['Took', event.milliseconds !== undefined && duration(event.milliseconds)],
      ['Size', event.bytes !== undefined && size(event.bytes)],
      ['Expires', event.expires !== undefined && new Date(event.expires * 1000).toISOString().slice(0, 19).replace('T', ' ')],
      ...rest.map((name): readonly [string, Part] => [label(name), value(event[name])]),
    ])}
  </section>`;
}

/** `upstreamStatus` → `Upstream status`. */
function label(name: string): string {
  if (name === 'sha256') return 'SHA-256';
  const words = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return `${words[0]?.toUpperCase()}${words.slice(1)}`;
}

function value(of: AuditEntry[keyof AuditEntry]): Part {
  if (of === undefined) return undefined;
  return typeof of === 'object' ? of.join('; ') : html`<span class="name">${of}</span>`;
}

/** Where `/find` leads: to a request for what looks like an id of one, else to a package. */
export function whereTo(text: string): Href {
  const asked = text.trim();
  if (/^[0-9a-f]{16}$/.test(asked)) return to('/request', { id: asked });
  const [, registry, rest] = /^([A-Za-z0-9][A-Za-z0-9._-]*):(.+)$/.exec(asked) ?? [];
  return asked === '' ? to('/publishes') : to('/package', { registry, package: rest ?? asked });
}
