// `/publisher?name=…`: one publisher: whom it trusts, for what, what it leaves open, how it is used, and the job for it.
import { collectPage } from '../../audit/page.ts';
import type { TrustedPublisher } from '../../core/publisher.ts';
import { sharing, warningsByPublisher } from '../breadth.ts';
import { duration } from '../figures.ts';
import { anchor, to } from '../href.ts';
import { html, type Html, type Part } from '../html.ts';
import { prose } from '../records.ts';
import { parameter } from '../reply.ts';
import { code, facts, nothing, table } from '../table.ts';
import type { Scene, View } from '../scene.ts';
import { publishColumns } from './publishes.ts';
import { packagesOf, warningList } from './publishers.ts';
import { trialForm } from './try.ts';

const recent = 10;

export async function publisher(scene: Scene): Promise<View> {
  const name = parameter(scene.request, 'name') ?? '';
  const found = scene.configuration.publishers.find((one) => one.name === name);
  const where = new Map<'publisher' | 'outcome', readonly string[]>([
    ['publisher', [name]],
    ['outcome', ['uploaded', 'changed', 'upstream-refused', 'upstream-unknown']],
  ]);
  const { events } = name === '' ? { events: [] } : await collectPage(scene.room.audit, { where, limit: recent });
  if (found === undefined && events.length === 0)
    return {
      title: 'No such publisher',
      under: '/publishers',
      status: 404,
      main: nothing('The policy has no publisher of this name', anchor(to('/publishers'), 'All publishers')),
    };
  return {
    title: name,
    under: '/publishers',
    lede: found === undefined ? 'Not in the policy any more' : html`<code>${found.place.file}:${found.place.line}</code>`,
    main: html`${
        found !== undefined &&
        html`<div class="columns">${conditions(found, scene)}${grant(found, scene)}</div>
          ${openings(found, scene)}`
      }
      <section aria-labelledby="uses">
        <h2 id="uses">Published last</h2>
        ${
          events.length === 0
            ? nothing('Never used, as far as the record goes', 'The job below is what it waits for.')
            : html`${table({ caption: `What ${name} published, the newest first`, columns: publishColumns(scene).filter(({ head }) => head !== 'Publisher'), rows: events })}
                <p class="more">${anchor(to('/publishes', { publisher: name }), 'All of it')}</p>`
        }
      </section>
      ${
        found !== undefined &&
        html`${snippets(found, scene)}
          <section aria-labelledby="try">
            <h2 id="try">Try a token</h2>
            ${trialForm(scene, { target: firstTarget(found) })}
          </section>`
      }`,
  };
}

function conditions({ from, issuer }: TrustedPublisher, { configuration }: Scene): Html {
  const issuers = configuration.issuers.get(issuer);
  const stated = [...from.fields].map(([key, value]): readonly [string, Part] => [
    key,
    value === 'any' ? html`<span class="any">any</span>` : html`<span class="name">${value.join(', ')}</span>`,
  ]);
  const events: readonly string[] = from.events ?? issuers?.provider.events?.byDefault ?? [];
  return html`<section aria-labelledby="from">
    <h2 id="from">Whom it trusts</h2>
    ${facts([
      ['issuer', html`${issuer} <span class="faint">${issuers?.provider.title}</span>`],
      ...stated,
      [
        'events',
        events.length > 0 && html`${events.join(', ')}${from.events === undefined && html` <span class="faint">by default</span>`}`,
      ],
    ])}${stated.length === 0 && html`<p class="faint">By claims: see the policy.</p>`}
  </section>`;
}

function grant(found: TrustedPublisher, { room, configuration }: Scene): Html {
  const others = sharing(configuration, found, room.tools.overlap).slice(0, 20);
  return html`<section aria-labelledby="grant">
    <h2 id="grant">What it may do</h2>
    ${facts([
      ['publish', packagesOf(found)],
      ['allow', found.allow.join(', ')],
      ['tag', found.tag !== undefined && html`<code>${found.tag}</code>`],
      ['dist-tags', found.distTags?.join(', ')],
      ['new packages', found.create ? 'also under a pattern' : undefined],
      [
        'upload tokens',
        `live ${duration(found.ttl * 1000)}${found.maxUploads === undefined ? '' : `, good for ${found.maxUploads} uploads`}`,
      ],
      [
        'shares packages',
        others.length > 0 && others.map(({ name }, i) => html`${i > 0 && ', '}${anchor(to('/publisher', { name }), name)}`),
      ],
    ])}
  </section>`;
}

function openings(found: TrustedPublisher, { configuration }: Scene): Html | undefined {
  const warnings = warningsByPublisher(configuration).get(found.name) ?? [];
  if (warnings.length === 0) return undefined;
  return html`<section aria-labelledby="open">
    <h2 id="open">What it leaves open</h2>
    ${warningList(warnings)}
  </section>`;
}

function snippets(found: TrustedPublisher, { room, configuration }: Scene): Html {
  const all = room.tools.snippets(configuration, found);
  return html`<section aria-labelledby="job">
    <h2 id="job">The job for it</h2>
    ${all.map((snippet) =>
      'problem' in snippet
        ? html`<p class="faint">${prose(snippet.problem)}</p>`
        : snippet.files.map(
            ({ path, text }, i) =>
              html`<details class="snippet" ${i === 0 && snippet === all[0] && html` open`}>
                <summary><code>${path}</code> <span class="faint">${snippet.client} to ${snippet.registry}</span></summary>
                ${code(text, `${path} for ${snippet.registry}`)}
              </details>`,
          ),
    )}
  </section>`;
}

function firstTarget({ publish }: TrustedPublisher): string {
  const [entry] = [...publish].flatMap(([registry, [first]]) => (first === undefined ? [] : [`${registry}:${first}`]));
  return entry ?? '';
}
