// `/publishes`: who published what, from which commit.
import type { AuditEntry } from '../../audit/entry.ts';
import { collectPage } from '../../audit/page.ts';
import { readQuery, type AuditQuery } from '../../audit/query.ts';
import { summarise } from '../../audit/summary.ts';
import { duration, moment } from '../figures.ts';
import { anchor, to } from '../href.ts';
import { html, type Html } from '../html.ts';
import { client, outcomeBadge, packageName, publisherNames, requestLink, run, sampleMark, source } from '../records.ts';
import { parameter, type AdminRequest } from '../reply.ts';
import { nothing, table, type Column } from '../table.ts';
import type { Scene, View } from '../scene.ts';

const perPage = 50;
/** Names offered while somebody types. */
const offered = 500;

const kinds = {
  all: { name: 'Everything', outcomes: ['uploaded', 'changed', 'upstream-refused', 'upstream-unknown', 'long-lived'] },
  trusted: { name: 'By trusted publishers', outcomes: ['uploaded', 'changed'] },
  'long-lived': { name: 'With long-lived tokens', outcomes: ['long-lived'] },
  failed: { name: 'Not taken by the registry', outcomes: ['upstream-refused', 'upstream-unknown'] },
} as const;

type Kind = keyof typeof kinds;

const texts = ['package', 'version', 'publisher', 'anchor', 'registry'] as const;
const moments = ['from', 'to'] as const;

/** What the form says; empty fields are not there. */
interface Asked {
  readonly kind: Kind;
  readonly fields: Readonly<Record<string, string>>;
  readonly cursor: string | undefined;
}

export async function publishes(scene: Scene): Promise<View> {
  const asked = askedFor(scene.request);
  const query = queryOf(asked);
  const summary = await summarise(scene.room.audit, { days: 1, limit: offered }, scene.now);
  const offers = { package: summary.packages.map((row) => row.package), publisher: scene.configuration.publishers.map(({ name }) => name) };
  const form = filterForm(asked, offers, [...scene.configuration.registries.keys()]);
  if ('problem' in query)
    return { ...shared, status: 400, main: html`${form}${nothing('That filter makes no sense', `${query.problem}.`)}` };
  const { events, next } = await collectPage(scene.room.audit, query);
  return {
    ...shared,
    live: asked.cursor === undefined,
    main: html`${form}${events.length === 0 ? empty(asked, next !== null) : publishTable(events, scene)}${pager(asked, next)}`,
  };
}

const shared = { title: 'Publishes', under: '/publishes', lede: 'Who published what, and from which commit' } as const;

function askedFor(request: AdminRequest): Asked {
  const kind = parameter(request, 'kind') ?? 'all';
  const given = [...texts, ...moments].flatMap((name) => {
    const value = parameter(request, name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    kind: Object.hasOwn(kinds, kind) ? (kind as Kind) : 'all',
    fields: Object.fromEntries(given),
    cursor: parameter(request, 'cursor'),
  };
}

/** As the API takes it. The last day is meant whole. */
function parametersOf({ kind, fields }: Asked): URLSearchParams {
  const parameters = new URLSearchParams(Object.entries(fields).filter(([name]) => name !== 'to'));
  const last = Date.parse(fields['to'] ?? '');
  if (fields['to'] !== undefined) parameters.set('to', Number.isNaN(last) ? fields['to'] : new Date(last + 86_400_000).toISOString());
  for (const outcome of kinds[kind].outcomes) parameters.append('outcome', outcome);
  return parameters;
}

function queryOf(asked: Asked): AuditQuery | { readonly problem: string } {
  const parameters = parametersOf(asked);
  parameters.set('limit', String(perPage));
  if (asked.cursor !== undefined) parameters.set('cursor', asked.cursor);
  return readQuery(parameters);
}

function filterForm({ kind, fields }: Asked, offers: Readonly<Record<string, readonly string[]>>, registries: readonly string[]): Html {
  const field = (name: string, label: string): Html =>
    html`<label
      >${label}<input
        name="${name}"
        value="${fields[name] ?? ''}"
        maxlength="256"
        autocomplete="off"
        spellcheck="false"
        ${offers[name] !== undefined && html` list="known-${name}"`}
    /></label>`;
  const date = (name: string, label: string): Html =>
    html`<label>${label}<input type="date" name="${name}" value="${fields[name] ?? ''}" /></label>`;
  return html`<form class="filters" action="${to('/publishes')}" aria-label="Filter">
    ${field('package', 'Package')}${field('publisher', 'Publisher')}${field('anchor', 'Repository')}
    <label
      >Registry<select name="registry">
        ${option('', 'All', fields['registry'] === undefined)}${registries.map((name) => option(name, name, fields['registry'] === name))}
      </select></label
    >
    <label
      >How<select name="kind">
        ${Object.entries(kinds).map(([value, { name }]) => option(value, name, value === kind))}
      </select></label
    >
    ${date('from', 'From')}${date('to', 'To')}
    <span class="actions"><button class="main">Filter</button>${Object.keys(fields).length > 0 && anchor(to('/publishes'), 'Clear')}</span>
    ${Object.entries(offers).map(([name, values]) => html`<datalist id="known-${name}">${values.map((value) => html`<option value="${value}"></option>`)}</datalist>`)}
  </form>`;
}

function option(value: string, text: string, chosen: boolean): Html {
  return html`<option value="${value}" ${chosen && html` selected`}>${text}</option>`;
}

/** Also on the page of a package, without the name that they all have. */
export function publishColumns(scene: Scene): readonly Column<AuditEntry>[] {
  return [
    { head: 'Time', kind: 'when', cell: (event) => requestLink(event.request, moment(event.time, scene.now)) },
    { head: 'Package', kind: 'lead', cell: (event) => html`${packageName(event)}${sampleMark(event)}` },
    { head: 'Outcome', kind: 'mark', cell: (event) => outcomeBadge(event.outcome) },
    { head: 'Publisher', cell: (event) => publisherNames(event.publishers) },
    { head: 'Source', cell: (event) => source(event, scene), kind: 'name' },
    { head: 'Run', cell: (event) => run(event, scene) },
    { head: 'Actor', cell: (event) => event.actor, kind: 'name' },
    { head: 'Client', cell: (event) => client(event.client) },
    { head: 'Took', kind: 'number', cell: (event) => event.milliseconds !== undefined && duration(event.milliseconds) },
  ];
}

function publishTable(events: readonly AuditEntry[], scene: Scene): Html {
  return table({
    caption: 'Publishes, the newest first',
    columns: publishColumns(scene),
    rows: events,
    filter: { id: 'publishes', label: 'Narrow down' },
  });
}

function empty({ fields, kind }: Asked, older: boolean): Html {
  if (older) return nothing('None among those looked through', 'The record is long: look at older ones.');
  if (Object.keys(fields).length === 0 && kind === 'all')
    return nothing(
      'Nothing was published yet',
      html`A job of one of your ${anchor(to('/publishers'), 'publishers')} shows up here as soon as it has published.`,
    );
  return nothing(
    'No publish fits',
    html`Names are compared exactly: <code>@acme/ui</code>, not <code>ui</code>. ${anchor(to('/publishes'), 'Show everything')}.`,
  );
}

function pager(asked: Asked, next: string | null): Html {
  const parameters = parametersOf(asked);
  parameters.set('format', 'csv');
  parameters.set('limit', '1000');
  return html`<p class="pager">
    ${next !== null && anchor(to('/publishes', { ...asked.fields, kind: asked.kind, cursor: next }), 'Older', { kind: 'button' })}${
      asked.cursor !== undefined && anchor(to('/publishes', { ...asked.fields, kind: asked.kind }), 'Newest')
    }${anchor(to('/api/v1/events', parameters), 'CSV', { title: 'The newest 1,000 of these for a spreadsheet' })}
  </p>`;
}
