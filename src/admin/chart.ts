// Charts, drawn here as SVG: nothing is fetched and nothing is computed in the browser.
import { figure } from './figures.ts';
import { html, type Html } from './html.ts';

export interface Series {
  readonly name: string;
  /** Names its colour in the style sheet. */
  readonly kind: 'published' | 'long-lived' | 'refused';
  /** One value per step, none negative. */
  readonly values: readonly number[];
}

interface Stack {
  readonly title: string;
  /** What each step is called, as many as each series has values. */
  readonly steps: readonly string[];
  /** From the bottom up. */
  readonly series: readonly Series[];
}

const [width, height, gap] = [30, 200, 0.28];

/** Bars stacked on one another. Labels are text beside the drawing, so that they stay readable when it is squeezed. */
export function stackedBars({ title, steps, series }: Stack): Html {
  const totals = steps.map((_, i) => series.reduce((sum, { values }) => sum + (values[i] ?? 0), 0));
  const top = ceiling(Math.max(0, ...totals));
  const ticks = [top, top / 2, 0];
  const marks = [0, 0.25, 0.5, 0.75, 1].map((at) => steps[Math.round(at * (steps.length - 1))] ?? '');
  return html`<figure class="chart">
    <figcaption>
      <ul class="legend">
        ${series.map(
          ({ name, kind, values }) =>
            html`<li><span class="swatch ${kind}"></span>${name} <b>${figure(values.reduce((sum, value) => sum + value, 0))}</b></li>`,
        )}
      </ul>
    </figcaption>
    <div class="plot">
      <div class="ticks" aria-hidden="true">${ticks.map((tick) => html`<span>${Number.isInteger(tick) && figure(tick)}</span>`)}</div>
      <svg role="img" aria-label="${title}" viewBox="0 0 ${String(width * steps.length)} ${height}" preserveAspectRatio="none">
        ${[0, 0.5, 1].map((at) => html`<line class="rule" x1="0" x2="${String(width * steps.length)}" y1="${at * height}" y2="${at * height}" />`)}
        ${steps.map((step, i) => column(step, i, series, top))}
      </svg>
      <div class="marks" aria-hidden="true">${marks.map((mark) => html`<span>${mark}</span>`)}</div>
    </div>
  </figure>`;
}

function column(step: string, index: number, series: readonly Series[], top: number): Html {
  const x = rounded((index + gap / 2) * width);
  let y = height;
  const bars = series.flatMap(({ kind, values }) => {
    const tall = ((values[index] ?? 0) / top) * height;
    y -= tall;
    return tall === 0
      ? []
      : [html`<rect class="${kind}" x="${x}" y="${rounded(y)}" width="${rounded((1 - gap) * width)}" height="${rounded(tall)}" />`];
  });
  const says = series.map(({ name, values }) => `${figure(values[index] ?? 0)} ${name.toLowerCase()}`).join(', ');
  return html`<g
    ><title>${step}: ${says}</title><rect class="reach" x="${index * width}" y="0" width="${width}" height="${height}" />${bars}</g
  >`;
}

/** The next even number of the form 2, 4, 10, 20, 40, 100 … so that half of it is one, too. */
function ceiling(most: number): number {
  for (let power = 1; ; power *= 10) for (const step of [2, 4, 6, 10]) if (most <= step * power) return step * power;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

/** How much of a whole, as a bar with parts. */
export function progressBar(
  label: string,
  parts: readonly { readonly kind: string; readonly name: string; readonly value: number }[],
): Html {
  const whole = Math.max(
    1,
    parts.reduce((sum, { value }) => sum + value, 0),
  );
  let x = 0;
  const bars = parts.map(({ kind, name, value }) => {
    const wide = (value / whole) * 1000;
    const bar =
      wide === 0
        ? undefined
        : html`<rect class="${kind}" x="${rounded(x)}" y="0" width="${rounded(wide)}" height="10"
            ><title>${name}: ${figure(value)}</title></rect
          >`;
    x += wide;
    return bar;
  });
  return html`<svg class="progress" role="img" aria-label="${label}" viewBox="0 0 1000 10" preserveAspectRatio="none">${bars}</svg>`;
}
