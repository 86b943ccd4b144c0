// `/publishers`: the policy as read, with the use of each publisher and how much it leaves open.
import { summarise, type Summary } from '../../audit/summary.ts';
import type { Diagnostic } from '../../config/diagnostic.ts';
import type { TrustedPublisher } from '../../core/publisher.ts';
import { otherWarnings, sharing, warningsByPublisher } from '../breadth.ts';
import { counted, figure, since } from '../figures.ts';
import { anchor, to } from '../href.ts';
import { html, type Html, type Part } from '../html.ts';
import { badge, prose } from '../records.ts';
import { nothing, table } from '../table.ts';
import type { Scene, View } from '../scene.ts';
import { trialForm } from './try.ts';

type Use = Summary['publishers'][number];

interface Row {
  readonly publisher: TrustedPublisher;
  readonly use: Use | undefined;
  readonly warnings: readonly Diagnostic[];
  readonly shared: number;
}

/** Publishers of which overlaps are counted; with more, only the page of each says. */
const mostCompared = 300;
const kept = 2_000;

export async function publishers(scene: Scene): Promise<View> {
  const { configuration, room } = scene;
  const summary = await summarise(room.audit, { days: 1, limit: kept }, scene.now);
  const rows = rowsOf(scene, summary);
  const unused = rows.filter(({ use }) => use === undefined).length;
  return {
    title: 'Publishers',
    under: '/publishers',
    lede: `The policy as it is in force, revision ${configuration.revision}`,
    main: html`${
        rows.length === 0
          ? nothing(
              'No publisher yet',
              html`Write one under <code>publishers:</code> in the policy; <code>countersign init</code> asks four questions and writes the
                first.`,
            )
          : html`<p class="tally">
                ${counted(rows.length, 'publisher')}${unused > 0 && summary.since !== null && html`, ${figure(unused)} not used since the record began`}
              </p>
              ${publisherTable(rows, scene, summary)}`
      }
      ${otherWarningList(otherWarnings(configuration))}
      <section aria-labelledby="try">
        <h2 id="try">Try a token</h2>
        <p class="says">
          What would the policy say to this identity token, or to these claims? Decided by the code of the exchange, without effect; nothing
          of it is kept or logged.
        </p>
        ${trialForm(scene, {})}
      </section>`,
  };
}

function rowsOf({ configuration, room }: Scene, summary: Summary): readonly Row[] {
  const uses = new Map(summary.publishers.map((use) => [use.publisher, use]));
  const warnings = warningsByPublisher(configuration);
  const compare = configuration.publishers.length <= mostCompared;
  return configuration.publishers.map((publisher) => ({
    publisher,
    use: uses.get(publisher.name),
    warnings: warnings.get(publisher.name) ?? [],
    shared: compare ? sharing(configuration, publisher, room.tools.overlap).length : 0,
  }));
}

function publisherTable(rows: readonly Row[], scene: Scene, summary: Summary): Html {
  return table<Row>({
    caption: 'Trusted publishers, in the order of the policy',
    filter: { id: 'publishers', label: 'Narrow down' },
    rows,
    columns: [
      {
        head: 'Publisher',
        kind: 'lead',
        cell: ({ publisher }) => anchor(to('/publisher', { name: publisher.name }), publisher.name, { kind: 'name' }),
      },
      { head: 'Whom it trusts', kind: 'name', cell: ({ publisher }) => whom(publisher, scene) },
      { head: 'Packages', kind: 'name', cell: ({ publisher }) => packagesOf(publisher) },
      {
        head: 'Last used',
        cell: ({ use }) => (use === undefined ? summary.since !== null && badge('warn', 'never') : since(use.lastUse, scene.now)),
      },
      { head: 'Uploads', kind: 'number', cell: ({ use }) => figure(use?.outcomes['uploaded'] ?? 0) },
      { head: 'Breadth', cell: (row) => breadth(row) },
    ],
  });
}

/** The anchor, in the policy's own words. */
export function whom({ issuer, from }: TrustedPublisher, { configuration }: Pick<Scene, 'configuration'>): Part {
  const keys = configuration.issuers.get(issuer)?.provider.anchor ?? [];
  const stated = keys.flatMap((key) => {
    const value = from.fields.get(key);
    return value === undefined || value === 'any' ? [] : [value.join(', ')];
  });
  return html`<span class="name">${stated.join(' / ') || 'by its claims'}</span> <span class="faint">${issuer}</span>`;
}

export function packagesOf({ publish }: TrustedPublisher): Part {
  const entries = [...publish].flatMap(([registry, list]) => list.map((entry) => ({ registry, entry })));
  const shown = entries
    .slice(0, 4)
    .map(({ registry, entry }) => html`<li><span class="faint">${registry}</span> <span class="name">${entry}</span></li>`);
  return html`<ul class="plain">
    ${shown}${entries.length > 4 && html`<li class="faint">and ${figure(entries.length - 4)} more</li>`}
  </ul>`;
}

function breadth({ publisher, warnings, shared }: Row): Part {
  const marks = [
    ...(publisher.unconstrained === true ? [badge('bad', 'any branch')] : []),
    ...(warnings.length > 0 ? [badge('warn', counted(warnings.length, 'warning'))] : []),
    ...(shared > 0 ? [badge('plain', `shares with ${figure(shared)}`)] : []),
  ];
  return marks.length === 0 ? undefined : html`<span class="badges">${marks.map((mark) => html`${mark} `)}</span>`;
}

function otherWarningList(warnings: readonly Diagnostic[]): Html | undefined {
  if (warnings.length === 0) return undefined;
  return html`<section aria-labelledby="warnings">
    <h2 id="warnings">Warnings about the rest of the policy</h2>
    ${warningList(warnings)}
  </section>`;
}

/** As `countersign check` says them. */
export function warningList(warnings: readonly Diagnostic[]): Html {
  return html`<ul class="needs">
    ${warnings.map(
      ({ message, hint, place }) =>
        html`<li class="notice">
          ${prose(message)}${hint !== undefined && html`<p>${prose(hint)}</p>`}
          <p><code>${place.file}:${place.line}</code></p>
        </li>`,
    )}
  </ul>`;
}
