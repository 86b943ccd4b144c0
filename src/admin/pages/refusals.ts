// `/refusals`: who was refused and why, grouped, with what cures it.
import { summarise, type Summary } from '../../audit/summary.ts';
import type { ReadConsidered } from '../../core/considered.ts';
import { refusalKinds, type RefusalCode } from '../../core/refusal.ts';
import { considered, cures } from '../cure.ts';
import { counted, figure, moment, since } from '../figures.ts';
import { anchor, to } from '../href.ts';
import { html, type Html, type Part } from '../html.ts';
import { client, packageName, prose, recordOf, requestLink, run, sampleMark, type Known } from '../records.ts';
import { parameter } from '../reply.ts';
import { code, facts, filterField, nothing, table } from '../table.ts';
import type { Scene, View } from '../scene.ts';

type Group = Summary['refusals'][number];

/** Groups on the page; the record has the others. */
const most = 100;
const kept = 1_300;

const filters = ['anchor', 'package', 'code'] as const;

export async function refusals(scene: Scene): Promise<View> {
  const chosen = Object.fromEntries(filters.map((name) => [name, parameter(scene.request, name)]));
  const summary = await summarise(scene.room.audit, { days: 1, limit: kept }, scene.now);
  const groups = summary.refusals.filter((group) => filters.every((name) => chosen[name] === undefined || group[name] === chosen[name]));
  const codes = [...new Set(summary.refusals.map((group) => group.code))].toSorted();
  const all = groups.reduce((sum, { count }) => sum + count, 0);
  return {
    title: 'Refusals',
    under: '/refusals',
    live: true,
    lede: 'Who was turned away, and what cures it',
    main: html`${filterForm(chosen, codes)}
      ${
        groups.length === 0
          ? empty(chosen)
          : html`<p class="tally">${counted(all, 'refusal')} in ${counted(groups.length, 'group')}</p>
              ${filterField({ id: 'refusals', label: 'Narrow down' })}
              <ul class="groups" id="refusals">
                ${groups.slice(0, most).map((group) => html`<li>${groupOf(group, scene)}</li>`)}
              </ul>`
      }
      ${groups.length > most && html`<p class="faint">The latest ${most} of ${groups.length}.</p>`}
      <p class="pager">
        ${anchor(to('/api/v1/events', { outcome: 'refused', format: 'csv', limit: '1000' }), 'CSV', { title: 'The newest 1,000 for a spreadsheet' })}
      </p>`,
  };
}

function filterForm(chosen: Readonly<Record<string, string | undefined>>, codes: readonly string[]): Html {
  const field = (name: string, label: string): Html =>
    html`<label
      >${label}<input name="${name}" value="${chosen[name] ?? ''}" maxlength="256" autocomplete="off" spellcheck="false"
    /></label>`;
  const any = Object.values(chosen).some((value) => value !== undefined);
  return html`<form class="filters" action="${to('/refusals')}" aria-label="Filter">
    ${field('anchor', 'Repository')}${field('package', 'Package')}
    <label
      >Reason<select name="code">
        <option value="">All</option>
        ${codes.map((value) => html`<option value="${value}" ${chosen['code'] === value && html` selected`}>${titleOf(value)}</option>`)}
      </select></label
    >
    <span class="actions"><button class="main">Filter</button>${any && anchor(to('/refusals'), 'Clear')}</span>
  </form>`;
}

function empty(chosen: Readonly<Record<string, string | undefined>>): Html {
  return Object.values(chosen).every((value) => value === undefined)
    ? nothing('Nobody was refused', 'When a job is, it stands here with what differed and the line to change.')
    : nothing('No refusal fits', anchor(to('/refusals'), 'Show all'));
}

/** The title of a code; a record of another version may have one that is not known here. */
export function titleOf(of: string): string {
  return Object.hasOwn(refusalKinds, of) ? refusalKinds[of as RefusalCode].title : of;
}

function groupOf(group: Group, scene: Scene): Html {
  // What the group is by is not in its records.
  const latest = {
    ...recordOf(group.latest),
    code: group.code as RefusalCode,
    ...(group.anchor === null ? {} : { anchor: group.anchor }),
    ...(group.package === null ? {} : { package: group.package }),
  };
  const who: Part = group.anchor ?? html`<span class="faint">${latest.address ?? 'nobody known'}</span>`;
  return html`<details class="group">
    <summary>
      <span class="reason">${titleOf(group.code)}${sampleMark(latest)}</span>
      <span class="between"
        ><span class="name">${who}</span
        >${group.package !== null && html` <span class="arrow" aria-hidden="true">→</span><span class="hidden">wanted to publish</span> <span class="name">${group.package}</span>`}</span
      >
      <span class="count"><b>${figure(group.count)}</b><span class="hidden"> ${group.count === 1 ? 'time' : 'times'}</span></span>
      <span class="when">${since(group.lastSeen, scene.now)}</span>
    </summary>
    <div class="body">
      ${refusalDetails(latest, scene)}
      ${facts([
        ['Last', moment(latest.time, scene.now)],
        ['Package', latest.package !== undefined && packageName(latest)],
        ['Run', run(latest, scene)],
        ['Client', client(latest.client)],
        ['Address', latest.address],
        ['Code', html`<code>${latest.code}</code>`],
        ['Request', latest.request !== undefined && requestLink(latest.request, html`<code>${latest.request}</code>`)],
      ])}
    </div>
  </details>`;
}

/** What the job was told, what differed and what cures it. Also on the page of a request. */
export function refusalDetails(refused: Known, scene: Scene): Html {
  return html`<div class="told">
    ${
      refused.message !== undefined &&
      html`<blockquote>
        <p>${prose(refused.message)}</p>
        <footer>what the job was told</footer>
      </blockquote>`
    }
    ${differences(refused)} ${cureList(refused, scene)}
  </div>`;
}

/** The nearest publisher, and the others behind a click: most of them are of other repositories. */
function differences(refused: Known): Part {
  const [nearest, ...others] = considered(refused).filter((one) => one.differences.length > 0);
  if (nearest === undefined) return undefined;
  const more =
    others.length > 0 &&
    html`<details class="data">
      <summary>${counted(others.length, 'other publisher')} considered</summary>
      ${others.map(differenceTable)}
    </details>`;
  return html`${differenceTable(nearest)}${more}`;
}

function differenceTable({ publisher, differences: rows }: ReadConsidered): Html {
  return html`<div>
    <p class="caption">Publisher ${anchor(to('/publisher', { name: publisher }), publisher)}</p>
    ${table({
      caption: `What differed from publisher ${publisher}`,
      columns: [
        { head: 'Field', kind: 'lead', cell: ({ field }) => html`<code>${field}</code>` },
        { head: 'Expected', kind: 'name', cell: ({ expected }) => html`<code class="expected">${expected}</code>` },
        { head: 'The job has', kind: 'name', cell: ({ actual }) => html`<code class="actual">${actual}</code>` },
      ],
      rows,
    })}
  </div>`;
}

function cureList(refused: Known, scene: Scene): Part {
  const found = cures(refused, scene.configuration);
  if (found.length === 0) return undefined;
  return html`<section class="cure">
    <h2>What cures it</h2>
    ${found.map(
      ({ says, code: text }) =>
        html`<p>${says}</p>
          ${text !== undefined && code(text, 'To be copied')}`,
    )}
  </section>`;
}
