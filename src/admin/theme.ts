// Light, dark, or as the system has it: a form, so that it works without a script.
import { to, wayBack } from './href.ts';
import { html, type Html } from './html.ts';
import { cookie, seeOther, type AdminReply, type AdminRequest } from './reply.ts';
import type { Scene } from './scene.ts';

const themes = ['auto', 'light', 'dark'] as const;
type Theme = (typeof themes)[number];

const name = 'countersign-theme';
const year = 31_536_000;

/** What this browser chose. */
export function themeOf(request: Pick<AdminRequest, 'headers'>): Theme {
  const chosen = cookie(request, name);
  return themes.find((theme) => theme === chosen) ?? 'auto';
}

/** The way back is the page itself: only ours is taken, and only its path and query. */
export function themeForm({ request }: Pick<Scene, 'request'>): Html {
  const query = request.query.toString();
  const back = `${request.path}${query === '' ? '' : `?${query}`}`;
  const now = themeOf(request);
  return html`<form class="theme" action="${to('/theme')}" method="post">
    <input type="hidden" name="back" value="${back}" />
    <fieldset>
      <legend class="hidden">Theme</legend>
      ${themes.map(
        (theme) =>
          html`<button name="theme" value="${theme}" aria-pressed="${theme === now ? 'true' : 'false'}">
            ${theme[0]?.toUpperCase()}${theme.slice(1)}
          </button>`,
      )}
    </fieldset>
  </form>`;
}

/** `POST /theme`. */
export function chooseTheme(form: URLSearchParams): AdminReply {
  const chosen = themes.find((theme) => theme === form.get('theme')) ?? 'auto';
  return seeOther(wayBack(form.get('back')), [`${name}=${chosen}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${year}`]);
}
