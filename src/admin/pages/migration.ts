// `/migration`: how far the packages are on their way from long-lived tokens to trusted publishing, and the next step of each.
import type { AuditEntry } from '../../audit/entry.ts';
import { summarise, type Summary } from '../../audit/summary.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { State } from '../../core/migration.ts';
import { progressBar } from '../chart.ts';
import { counted, figure, since } from '../figures.ts';
import { anchor, to } from '../href.ts';
import { html, type Html, type Part } from '../html.ts';
import { progressOf, unmoved, type Progress } from '../progress.ts';
import { badge, client, packageName, publisherNames, recordOf } from '../records.ts';
import { suggestedPublisher, yaml } from '../suggestion.ts';
import { code, nothing, table } from '../table.ts';
import type { Scene, View } from '../scene.ts';

const most = 5_000;

const words: Readonly<Record<State, { readonly kind: string; readonly name: string; readonly next: string }>> = {
  uncovered: { kind: 'bad', name: 'no publisher', next: 'Give it a publisher.' },
  waiting: { kind: 'warn', name: 'ready to move', next: 'Publish once from CI.' },
  back: { kind: 'bad', name: 'went back', next: 'Find who still has the token.' },
  moved: { kind: 'good', name: 'moved', next: 'Put it under trusted_only.' },
  locked: { kind: 'good', name: 'trusted only', next: 'Done.' },
};

export async function migration(scene: Scene): Promise<View> {
  const summary = await summarise(scene.room.audit, { days: 1, limit: most }, scene.now);
  const rows = progressOf(scene.configuration, summary.packages);
  const unnamed = summary.packages
    .filter((row) => row.package === '')
    .reduce((sum, { outcomes }) => sum + (outcomes['long-lived'] ?? 0), 0);
  const moving = rows.filter(({ state }) => unmoved.includes(state));
  return {
    title: 'Migration',
    under: '/migration',
    lede: 'From long-lived tokens to trusted publishing, package by package',
    main: html`${
      rows.length === 0
        ? nothing(
            'No package was seen yet',
            html`Every publish is counted here, with a long-lived token or without. Let the registry run behind Countersign for a while,
              with <code>long_lived_tokens: warn</code>.`,
          )
        : html`${barOf(rows)}
            <section aria-labelledby="left">
              <h2 id="left">Still on long-lived tokens</h2>
              ${moving.length === 0 ? nothing('None', doneAdvice(scene.configuration)) : remaining(moving, summary, scene)}
            </section>
            ${moved(rows, scene)}`
    }
    ${unnamed > 0 && html`<p class="faint">${counted(unnamed, 'upload')} with a long-lived token did not say for which package.</p>`}`,
  };
}

function barOf(rows: readonly Progress[]): Html {
  const of = (...states: readonly State[]): number => rows.filter(({ state }) => states.includes(state)).length;
  const parts = [
    { kind: 'locked', name: 'trusted only', value: of('locked') },
    { kind: 'moved', name: 'moved', value: of('moved') },
    { kind: 'left', name: 'still on long-lived tokens', value: of(...unmoved) },
  ];
  const there = of('locked', 'moved');
  return html`<div class="way">
    <p>
      <b>${figure(there)}</b> of ${counted(rows.length, 'package')} ${there === 1 ? 'publishes' : 'publish'} by trusted publishing alone
    </p>
    ${progressBar(`${there} of ${rows.length} packages publish by trusted publishing alone`, parts)}
    <ul class="legend">
      ${parts.map(({ kind, name, value }) => html`<li><span class="swatch ${kind}"></span>${name} <b>${figure(value)}</b></li>`)}
    </ul>
  </div>`;
}

function remaining(rows: readonly Progress[], summary: Summary, scene: Scene): Html {
  return html`${table<Progress>({
    caption: 'Packages still on long-lived tokens, those that need most first',
    filter: { id: 'remaining', label: 'Narrow down' },
    rows,
    columns: [
      {
        head: 'Package',
        kind: 'lead',
        cell: (row) => html`${packageName({ registry: row.registry, package: row.package })} <span class="faint">${row.registry}</span>`,
      },
      { head: 'State', kind: 'mark', cell: ({ state }) => badge(words[state].kind, words[state].name) },
      { head: 'Last token', cell: ({ lastLongLived }) => since(lastLongLived.time, scene.now) },
      { head: 'Uses', kind: 'number', cell: ({ longLived }) => figure(longLived) },
      { head: 'By', cell: ({ lastLongLived }) => client(lastLongLived.client) },
      { head: 'From', kind: 'name', cell: ({ lastLongLived }) => lastLongLived.address },
      { head: 'Publisher', cell: ({ publishers }) => publisherNames(publishers) },
      { head: 'Next', cell: (row) => words[row.state].next },
    ],
  })}${suggestions(rows, summary, scene)}`;
}

const mostSuggestions = 10;

function suggestions(rows: readonly Progress[], summary: Summary, { configuration }: Scene): Part {
  const found = rows
    .filter(({ state }) => state === 'uncovered')
    .flatMap((row) => {
      const suggested = suggestionFor(row, summary, configuration);
      return suggested === undefined ? [] : [{ row, ...suggested }];
    });
  if (found.length === 0) return undefined;
  return html`<section aria-labelledby="suggested">
    <h2 id="suggested">Suggested publishers</h2>
    <p class="says">From what was seen of each package. Read them line by line: they are somebody's claim until you commit them.</p>
    ${found.slice(0, mostSuggestions).map(
      ({ row, why, text }) =>
        html`<details class="snippet">
          <summary><span class="name">${row.package}</span> <span class="faint">${why}</span></summary>
          ${code(text, `Suggested for ${row.package}`)}
        </details>`,
    )}
  </section>`;
}

interface Suggestion {
  readonly why: string;
  readonly text: string;
}

/** Who tried to publish it, who did once, or whose other packages it looks like. */
function suggestionFor(row: Progress, summary: Summary, configuration: Configuration): Suggestion | undefined {
  const tried = summary.refusals.find((group) => group.package === row.package && group.code === 'publisher-none' && group.anchor !== null);
  const seen = (record: Partial<AuditEntry>): Partial<AuditEntry> => ({ ...record, registry: row.registry, package: row.package });
  if (tried !== undefined) {
    const text = suggestedPublisher(seen({ ...recordOf(tried.latest), anchor: tried.anchor ?? '' }), configuration);
    if (text !== undefined) return { why: `${tried.anchor} tried to publish it`, text };
  }
  const once = row.lastPublish.anchor === undefined ? undefined : suggestedPublisher(seen(row.lastPublish), configuration);
  if (once !== undefined) return { why: `${row.lastPublish.anchor} published it before`, text: once };
  const neighbour = configuration.publishers.find(({ publish }) =>
    publish.get(row.registry)?.some((entry) => sameFamily(entry, row.package)),
  );
  if (neighbour === undefined) return undefined;
  return {
    why: `publisher ${neighbour.name} has others like it`,
    text: [
      `# publisher ${neighbour.name}, ${neighbour.place.file}:${neighbour.place.line}`,
      'publish:',
      `  ${yaml(row.registry)}: [${yaml(row.package)}]   # beside those that are there`,
    ].join('\n'),
  };
}

function sameFamily(entry: string, name: string): boolean {
  return familyOf(entry) === familyOf(name);
}

/** The npm scope, or the first word. */
function familyOf(name: string): string {
  return /^@[^/]+\//.exec(name)?.[0] ?? /^[a-z0-9]+-/.exec(name)?.[0] ?? name;
}

function moved(rows: readonly Progress[], scene: Scene): Part {
  const there = rows.filter(({ state }) => !unmoved.includes(state));
  if (there.length === 0) return undefined;
  const lockable = Map.groupBy(
    there.filter(({ state }) => state === 'moved'),
    ({ registry }) => registry,
  );
  return html`<section aria-labelledby="there">
    <h2 id="there">Moved over</h2>
    ${[...lockable].map(
      ([registry, list]) =>
        html`<p class="says">These of ${registry} can be confined to trusted publishing; add them to what is there:</p>
          ${code(`registries:\n  ${yaml(registry)}:\n    trusted_only: [${list.map((row) => yaml(row.package)).join(', ')}]`, `trusted_only for ${registry}`)}`,
    )}
    ${table<Progress>({
      caption: 'Packages that publish by trusted publishing alone',
      rows: there,
      columns: [
        {
          head: 'Package',
          kind: 'lead',
          cell: (row) => html`${packageName({ registry: row.registry, package: row.package })} <span class="faint">${row.registry}</span>`,
        },
        { head: 'State', kind: 'mark', cell: ({ state }) => badge(words[state].kind, words[state].name) },
        { head: 'Last published', cell: ({ lastPublish }) => since(lastPublish.time, scene.now) },
        { head: 'Publisher', cell: ({ publishers }) => publisherNames(publishers) },
        { head: 'Next', cell: ({ state }) => words[state].next },
      ],
    })}
  </section>`;
}

/** The last step is a switch for the whole registry. */
function doneAdvice({ registries }: Configuration): Part {
  const open = [...registries.values()].filter(({ longLivedTokens }) => longLivedTokens !== 'refuse').map(({ name }) => name);
  if (open.length === 0) return 'Every registry refuses long-lived tokens. Revoke those that are still about.';
  return html`Write <code>long_lived_tokens: refuse</code> for ${open.join(', ')}, and revoke the tokens at the registry.
    ${anchor(to('/publishes', { kind: 'long-lived' }), 'Those that were used')}.`;
}
