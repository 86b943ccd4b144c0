// `/`: the last thirty days, three numbers, and what needs somebody.
import type { AuditEntry } from '../../audit/entry.ts';
import { collectPage } from '../../audit/page.ts';
import { summarise, type Summary } from '../../audit/summary.ts';
import { attention, type Attention } from '../attention.ts';
import { stackedBars } from '../chart.ts';
import { counted, figure, shortDay, since } from '../figures.ts';
import { anchor, to, type Href } from '../href.ts';
import { html, type Html } from '../html.ts';
import { progressOf, unmoved } from '../progress.ts';
import { outcomeBadge, packageName, prose, sampleMark, source } from '../records.ts';
import { nothing } from '../table.ts';
import type { AdminRoom, Scene, View } from '../scene.ts';

const days = 30;
/** Packages and publishers that are looked at. */
const most = 2_000;
const recent = 6;

export async function overview(scene: Scene): Promise<View> {
  const { room, configuration, now } = scene;
  const summary = await summarise(room.audit, { days, limit: most }, now);
  const [status, lastUploads, latest] = await Promise.all([
    room.status(),
    lastUploadsOf(room, summary),
    collectPage(room.audit, { where: new Map([['outcome', ['uploaded', 'long-lived']]]), limit: recent }),
  ]);
  const progress = progressOf(configuration, summary.packages);
  const needs = attention({ configuration, status, summary, progress, lastUploads, now });
  const problems = needs.filter(({ level }) => level === 'problem').length;
  const moving = progress.filter(({ state }) => unmoved.includes(state)).length;
  const today = summary.days.at(-1)?.outcomes['refused'] ?? 0;
  return {
    title: 'Overview',
    under: '/',
    live: true,
    lede: `${counted(configuration.publishers.length, 'trusted publisher')} for ${[...configuration.registries.keys()].join(', ')}`,
    main: html`<ul class="stats">
        ${stat('Refused today', today, to('/refusals'), today === 0 ? 'nobody was turned away' : 'see who, and why')}
        ${stat('Still on long-lived tokens', moving, to('/migration'), progress.length === 0 ? 'none seen yet' : `of ${counted(progress.length, 'package')} seen`)}
        ${stat('Problems', problems, to('/health'), problems === 0 ? 'everything answers' : 'see below', problems > 0)}
      </ul>
      <section aria-labelledby="days">
        <h2 id="days">Last ${days} days</h2>
        ${chart(summary, now)}
      </section>
      <div class="columns">
        <section aria-labelledby="needs">
          <h2 id="needs">Needs attention</h2>
          ${needsList(needs)}
        </section>
        <section aria-labelledby="recent">
          <h2 id="recent">Published last</h2>
          ${recentList(latest.events, scene)}
        </section>
      </div>`,
  };
}

function stat(name: string, value: number, at: Href, says: string, alarm = false): Html {
  return html`<li${alarm && html` class="alarm"`}>${anchor(at, html`<span class="term">${name}</span> <b>${figure(value)}</b> <span class="says">${says}</span>`)}</li>`;
}

const published = ['uploaded', 'changed'];
const refused = ['refused', 'upstream-refused'];

function chart({ days: counts }: Summary, now: number): Html {
  const sum = (outcomes: readonly string[]): number[] =>
    counts.map(({ outcomes: day }) => outcomes.reduce((total, outcome) => total + (day[outcome] ?? 0), 0));
  const series = [
    { name: 'Published', kind: 'published', values: sum(published) },
    { name: 'With a long-lived token', kind: 'long-lived', values: sum(['long-lived']) },
    { name: 'Refused', kind: 'refused', values: sum(refused) },
  ] as const;
  if (series.every(({ values }) => values.every((value) => value === 0)))
    return nothing(
      'Nothing was published yet',
      html`Print the job for a publisher with <code>countersign snippet</code>, or find it on ${anchor(to('/publishers'), 'its page')}. What
        it publishes shows up here at once.`,
    );
  const steps = counts.map(({ day }) => shortDay(Date.parse(day), now));
  const says = series.map(({ name, values }) => `${figure(values.reduce((a, b) => a + b, 0))} ${name.toLowerCase()}`).join(', ');
  return html`${stackedBars({ title: `By day, ${days} days: ${says}`, steps, series })}
    <details class="data">
      <summary>The same as a table</summary>
      <div class="scroll" tabindex="0" role="group" aria-label="By day">
        <table>
          <caption>
            By day, the latest first
          </caption>
          <thead>
            <tr>
              <th scope="col">Day</th>
              ${series.map(({ name }) => html`<th scope="col" class="number">${name}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${steps
              .map(
                (step, i) =>
                  html`<tr>
                    <th scope="row">${step}</th>
                    ${series.map(({ values }) => html`<td class="number">${figure(values[i] ?? 0)}</td>`)}
                  </tr>`,
              )
              .toReversed()}
          </tbody>
        </table>
      </div>
    </details>`;
}

function needsList(needs: readonly Attention[]): Html {
  if (needs.length === 0) return nothing('Nothing', 'Issuers, store and registries answer, and nobody is stuck.');
  return html`<ul class="needs">
      ${needs
        .slice(0, 12)
        .map(
          ({ level, says, detail, at }) =>
            html`<li class="${level}">
              <span class="hidden">${level}: </span>${anchor(at, says)}${detail !== undefined && html`<p>${prose(detail)}</p>`}
            </li>`,
        )}
    </ul>
    ${needs.length > 12 && html`<p class="faint">and ${counted(needs.length - 12, 'thing')} more</p>`}`;
}

function recentList(events: readonly AuditEntry[], scene: Scene): Html {
  if (events.length === 0) return nothing('Nothing yet', 'The newest publishes will stand here, with where they came from.');
  return html`<ul class="recent">
      ${events.map(
        (event) =>
          html`<li>
            <span class="what">${packageName(event)}${sampleMark(event)}</span><span class="when">${since(event.time, scene.now)}</span>
            <span class="from">${source(event, scene) ?? outcomeBadge(event.outcome)}</span>
          </li>`,
      )}
    </ul>
    <p class="more">${anchor(to('/publishes'), 'All publishes')}</p>`;
}

/**
 * The last upload to each registry that the registry answered, or should have: how its credential fares. Registries to
 * which nothing was published are not asked for: everything would be gone through for them.
 */
export async function lastUploadsOf(
  { audit }: Pick<AdminRoom, 'audit'>,
  { packages }: Pick<Summary, 'packages'>,
): Promise<ReadonlyMap<string, AuditEntry>> {
  const outcomes = ['uploaded', 'upstream-refused', 'upstream-unknown'] as const;
  const seen = packages.filter((row) => outcomes.some((outcome) => row.outcomes[outcome] !== undefined));
  const pages = await Promise.all(
    [...new Set(seen.map(({ registry }) => registry))].map(async (registry) => {
      // What a stranger's long-lived token came to says nothing of the service credential.
      const where = new Map<'registry' | 'outcome' | 'event', readonly string[]>([
        ['registry', [registry]],
        ['outcome', outcomes],
        ['event', ['upload']],
      ]);
      const { events } = await collectPage(audit, { where, limit: 1 });
      return events.map((event) => [registry, event] as const);
    }),
  );
  return new Map(pages.flat());
}
