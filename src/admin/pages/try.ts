// `/try`: an identity token, or claims, held against the policy. The token is in one request and its answer is without it.
import { to } from '../href.ts';
import { counted } from '../figures.ts';
import { html, type Html } from '../html.ts';
import { badge, prose } from '../records.ts';
import { facts, nothing, table } from '../table.ts';
import type { Scene, Trial, TriedPublisher, View } from '../scene.ts';

interface Filled {
  /** `<registry>:<package>`. */
  readonly target?: string;
}

/** Also on the pages of publishers. What was pasted is never put back in. */
export function trialForm({ configuration }: Pick<Scene, 'configuration'>, { target }: Filled): Html {
  const first = target ?? `${[...configuration.registries.keys()][0] ?? 'npm'}:`;
  return html`<form class="trial" action="${to('/try')}" method="post" autocomplete="off">
    <label>Package, with its registry<input name="package" value="${first}" maxlength="300" required spellcheck="false" /></label>
    <label
      >Identity token, or its claims as JSON<textarea
        name="token"
        rows="5"
        maxlength="24000"
        required
        spellcheck="false"
        placeholder="eyJ… or { … }"
      ></textarea>
    </label>
    <p class="actions"><button class="main">Explain</button></p>
  </form>`;
}

/** `GET /try`: the form alone. */
export async function tryForm(scene: Scene): Promise<View> {
  return { title: 'Try a token', under: '/publishers', lede: 'What the policy would say, without effect', main: trialForm(scene, {}) };
}

/** `POST /try`. */
export async function tried(scene: Scene, form: URLSearchParams): Promise<View> {
  const target = (form.get('package') ?? '').trim();
  const trial = await scene.room.tools.explain(scene.configuration, (form.get('token') ?? '').trim(), target);
  const again = html`<section aria-labelledby="again">
    <h2 id="again">Try another</h2>
    ${trialForm(scene, { target })}
  </section>`;
  const shared = { title: 'Try a token', under: '/publishers', lede: 'What the policy would say, without effect' } as const;
  if ('problem' in trial) return { ...shared, status: 400, main: html`${nothing('It cannot be tried', trial.problem)}${again}` };
  return { ...shared, main: html`${verdict(trial)}${tables(trial.publishers)}${again}` };
}

function verdict({ granted, headline, told, token, trust }: Trial): Html {
  return html`<section class="verdict ${granted ? 'good' : 'bad'}" aria-labelledby="verdict">
    <h2 id="verdict">${headline}</h2>
    ${
      told !== undefined &&
      html`<blockquote>
        <p>${prose(told)}</p>
        <footer>what the job would be told</footer>
      </blockquote>`
    }
    <p class="faint">${trust}</p>
    ${facts(token.map(({ what, status, says }) => [what, html`${badge({ ok: 'good', warn: 'warn', fail: 'bad' }[status], status)} ${prose(says)}`]))}
  </section>`;
}

/** Those that list the package, and the others behind a click. */
function tables(publishers: readonly TriedPublisher[]): Html {
  const [listed, others] = [publishers.filter((one) => one.listed), publishers.filter((one) => !one.listed)];
  const rest = html`<details class="data others">
    <summary>${counted(others.length, 'publisher')} of other packages</summary>
    ${others.map(publisherPart)}
  </details>`;
  return html`${listed.map(publisherPart)}${others.length > 0 && rest}`;
}

function publisherPart({ name, listed, matches, checks }: TriedPublisher): Html {
  const state = !listed ? badge('plain', 'not for this package') : matches ? badge('good', 'matches') : badge('bad', 'differs');
  return html`<section class="tried">
    <h2><span class="name">${name}</span> ${state}</h2>
    ${table({
      caption: `The conditions of ${name}`,
      rows: checks,
      columns: [
        { head: 'Field', kind: 'lead', cell: ({ field }) => html`<code>${field}</code>` },
        { head: 'Expected', kind: 'name', cell: ({ expected }) => html`<code>${expected}</code>` },
        {
          head: 'The token has',
          kind: 'name',
          cell: ({ actual, ok }) => html`<code ${!ok && html` class="actual"`}>${actual ?? 'none'}</code>`,
        },
        { head: 'Fits', cell: ({ ok }) => badge(ok ? 'good' : 'bad', ok ? 'yes' : 'no') },
      ],
    })}
  </section>`;
}
