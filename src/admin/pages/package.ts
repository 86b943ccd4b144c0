// `/package?package=…`: one package: who may publish it, what was published from where, who was refused.
import { collectPage } from '../../audit/page.ts';
import { summarise } from '../../audit/summary.ts';
import { counted } from '../figures.ts';
import { anchor, to } from '../href.ts';
import { html, type Html, type Part } from '../html.ts';
import { progressOf, type Progress } from '../progress.ts';
import { publisherNames } from '../records.ts';
import { parameter } from '../reply.ts';
import { nothing, table } from '../table.ts';
import type { Scene, View } from '../scene.ts';
import { publishColumns } from './publishes.ts';
import { titleOf } from './refusals.ts';

const recent = 25;
const kept = 5_000;

export async function packagePage(scene: Scene): Promise<View> {
  const name = parameter(scene.request, 'package') ?? '';
  const registry = parameter(scene.request, 'registry');
  if (name === '')
    return {
      title: 'No package named',
      under: '/publishes',
      status: 404,
      main: nothing('Which package?', anchor(to('/publishes'), 'All publishes')),
    };
  const where = new Map<'package' | 'outcome' | 'registry', readonly string[]>([
    ['package', [name]],
    ['outcome', ['uploaded', 'changed', 'upstream-refused', 'upstream-unknown', 'long-lived']],
    ...(registry === undefined ? [] : [['registry', [registry]] as const]),
  ]);
  const [{ events, next }, summary] = await Promise.all([
    collectPage(scene.room.audit, { where, limit: recent }),
    summarise(scene.room.audit, { days: 1, limit: kept }, scene.now),
  ]);
  const states = progressOf(scene.configuration, summary.packages).filter(
    (row) => row.package === name && (registry ?? row.registry) === row.registry,
  );
  const refused = summary.refusals.filter((group) => group.package === name);
  const unseen = events.length === 0 && states.length === 0 && refused.length === 0;
  return {
    title: name,
    under: '/publishes',
    lede: registry ?? ([...new Set(states.map((row) => row.registry))].join(', ') || undefined),
    ...(unseen ? { status: 404 } : {}),
    main: html`${standing(states, name, scene)}
      <section aria-labelledby="versions">
        <h2 id="versions">Published</h2>
        ${
          events.length === 0
            ? nothing('Nothing was published under this name', 'As far as the record goes.')
            : table({ caption: `Publishes of ${name}, the newest first`, columns: publishColumns(scene), rows: events })
        }${next !== null && html`<p class="more">${anchor(to('/publishes', { package: name, registry }), 'Older')}</p>`}
      </section>
      ${refusalList(refused)}`,
  };
}

function standing(states: readonly Progress[], name: string, { configuration }: Scene): Part {
  if (states.length > 0)
    return states.map(
      (row) =>
        html`<p class="tally">
          ${row.registry}: ${says(row)}${row.publishers.length > 0 && html` Publishers: ${publisherNames(row.publishers)}.`}
        </p>`,
    );
  const able = [...configuration.registries.values()].flatMap((registry) => {
    const canonical = registry.protocol.packageName(name);
    return canonical === undefined
      ? []
      : progressOf(configuration, [
          { registry: registry.name, package: canonical, lastSeen: '', outcomes: {}, lastPublish: null, lastLongLived: null },
        ]);
  });
  const publishers = [...new Set(able.flatMap((row) => row.publishers))];
  return publishers.length === 0 ? undefined : html`<p class="tally">May be published by ${publisherNames(publishers)}.</p>`;
}

function says({ state, longLived }: Progress): string {
  const uses = longLived === 0 ? '' : ` ${counted(longLived, 'use')} of a long-lived token.`;
  return `${{ uncovered: 'no publisher may publish it.', waiting: 'ready to move.', back: 'went back to a long-lived token.', moved: 'published by trusted publishing.', locked: 'trusted publishing only.' }[state]}${uses}`;
}

function refusalList(groups: Awaited<ReturnType<typeof summarise>>['refusals']): Html | undefined {
  if (groups.length === 0) return undefined;
  return html`<section aria-labelledby="refused">
    <h2 id="refused">Refused</h2>
    <ul class="needs">
      ${groups.slice(0, 20).map(
        ({ anchor: who, code, count, package: name }) =>
          html`<li class="notice">
            ${anchor(to('/refusals', { package: name ?? undefined, code, anchor: who ?? undefined }), `${who ?? 'nobody known'}: ${titleOf(code)}`)}
            <span class="faint">${counted(count, 'time')}</span>
          </li>`,
      )}
    </ul>
  </section>`;
}
