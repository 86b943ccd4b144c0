// What every page has: head, navigation, the mark of made-up records, theme and sign-out.
import { assets } from './assets.ts';
import { figure } from './figures.ts';
import { anchor, to, within, type Path } from './href.ts';
import { html, type Html, type Part } from './html.ts';
import { themeForm, themeOf } from './theme.ts';
import type { Scene, View } from './scene.ts';

const entries: readonly (readonly [Path, string])[] = [
  ['/', 'Overview'],
  ['/publishes', 'Publishes'],
  ['/refusals', 'Refusals'],
  ['/publishers', 'Publishers'],
  ['/migration', 'Migration'],
  ['/health', 'Health'],
];

/** The whole document of a page. @param samples made-up records that the store has */
export function framed(scene: Scene, view: View, samples: number): Html {
  return shell(
    scene,
    view.title,
    html`<a class="skip" href="${within('main')}">Skip to content</a>
      <header class="side">
        <p class="brand">${anchor(to('/'), html`${mark}<span>Countersign</span>`)}</p>
        <nav aria-label="Pages">
          <ul>
            ${entries.map(([path, name]) => html`<li>${anchor(to(path), name, { current: path === view.under })}</li>`)}
          </ul>
        </nav>
        <form class="find" role="search" action="${to('/find')}">
          <label
            ><span class="hidden">Package or request id</span>
            <input type="search" name="q" placeholder="Package, request id" autocomplete="off" spellcheck="false" maxlength="256" required
          /></label>
          <button class="hidden-until-focus">Find</button>
        </form>
        <div class="foot">${themeForm(scene)}${whoami(scene)}</div>
      </header>
      <div class="page">
        ${samples > 0 && sampleNotice(samples)}
        <main id="main" tabindex="-1" ${view.live === true && html` data-live`}>
          <div class="head">
            <div>
              <h1>${view.title}</h1>
              ${view.lede !== undefined && html`<p class="lede">${view.lede}</p>`}
            </div>
          </div>
          ${view.main}
        </main>
        <footer>
          <p>
            Countersign ${scene.room.version}<span>policy <code>${scene.configuration.revision}</code></span
            ><span>times in UTC</span>
          </p>
        </footer>
      </div>`,
  );
}

/** A page of its own without navigation: signing in, and what whoever did not is told. */
export function bare(scene: Pick<Scene, 'request'>, title: string, main: Part, refresh?: Html): Html {
  return shell(
    scene,
    title,
    html`<main class="alone" id="main">
      <p class="brand">${mark}<span>Countersign</span></p>
      ${main}
    </main>`,
    refresh,
  );
}

function shell(scene: Pick<Scene, 'request'>, title: string, body: Html, refresh?: Html): Html {
  return html`<!doctype html>
    <html lang="en" data-theme="${themeOf(scene.request)}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        ${refresh}
        <title>${title} · Countersign</title>
        <link rel="stylesheet" href="${assets.style.path}" />
        <link rel="icon" href="${assets.mark.path}" type="image/svg+xml" />
        <script type="module" src="${assets.script.path}"></script>
      </head>
      <body>
        ${body}
      </body>
    </html>`;
}

const mark = html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
  <rect x="1.5" y="1.5" width="29" height="29" rx="8" />
  <path d="M9 17.5l4.6 4.6L23.5 10.5" />
</svg>`;

function sampleNotice(samples: number): Html {
  return html`<aside class="notice" aria-label="Sample data">
    <b>Sample data.</b> ${figure(samples)} of the records here are made up by <code>npm run demo -- --history</code>; each is marked.
  </aside>`;
}

function whoami({ visitor }: Scene): Html | undefined {
  if (visitor === undefined || visitor.by === 'machine') return undefined;
  const who = visitor.name ?? 'Admin token';
  const out = html`<form action="${to('/logout')}" method="post"><button class="quiet">Sign out</button></form>`;
  return html`<div class="who"><span title="${who}">${who}</span>${visitor.session === true && out}</div>`;
}
