// The bar chart: how far each goal is met, and requests a second of every proxy.
import { median } from '../lab/rounds.ts';
import type { Figure, Goal } from './goals.ts';
import { digits } from './table.ts';

const width = 760;
const labels = 330;
const bar = 14;
const gap = 7;
const blue = '#3566b8';
const grey = '#9aa3ad';
const red = '#b8453a';

interface Bar {
  readonly label: string;
  readonly length: number;
  readonly text: string;
  readonly colour: string;
}

/** @returns an SVG document */
export function chart(figures: readonly Figure[], goals: readonly Goal[], caption: string): string {
  const parts: string[] = [];
  let y = 30;
  const section = (title: string, bars: readonly Bar[], mark?: number): void => {
    const longest = Math.max(...bars.map(({ length }) => length), mark ?? 0);
    const scale = (width - labels - 110) / longest;
    parts.push(`<text x="12" y="${y}" font-weight="bold">${escape(title)}</text>`);
    y += 14;
    const top = y;
    for (const { label, length, text, colour } of bars) {
      parts.push(`<text x="${labels - 8}" y="${y + bar - 3}" text-anchor="end">${escape(label)}</text>`);
      parts.push(`<rect x="${labels}" y="${y}" width="${Math.max(1, length * scale).toFixed(1)}" height="${bar}" fill="${colour}"/>`);
      parts.push(`<text x="${(labels + length * scale + 6).toFixed(1)}" y="${y + bar - 3}">${escape(text)}</text>`);
      y += bar + gap;
    }
    if (mark !== undefined) {
      const x = (labels + mark * scale).toFixed(1);
      parts.push(`<line x1="${x}" y1="${top - 4}" x2="${x}" y2="${y - gap + 4}" stroke="#222" stroke-dasharray="3 3"/>`);
    }
    y += 24;
  };
  for (const { what, series } of figures.filter(({ name }) => name === 'pass-through')) {
    const bars = series.map(({ name, rounds }): Bar => {
      const value = median(rounds.map((sample) => sample.value));
      return { label: name, length: value, text: `${digits(value)}/s`, colour: name === 'countersign' ? blue : grey };
    });
    section(what, bars);
  }
  const measured = goals.filter(({ value, goal }) => value !== undefined && goal !== 'report');
  section('Share of each goal (the line is the goal itself; to its right is better)', measured.map(goalBar), 1);
  parts.push(`<text x="12" y="${y}" fill="#555">${escape(caption)}</text>`);
  const body = parts.join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y + 16}" viewBox="0 0 ${width} ${y + 16}" font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="white"/>\n${body}\n</svg>\n`;
}

function goalBar({ name, value = 0, goal, met }: Goal): Bar {
  const bound = Number(goal.slice(2));
  const share = goal.startsWith('≥') ? value / bound : bound / Math.max(value, bound / 4);
  return { label: name, length: Math.min(4, Math.max(0, share)), text: `${digits(value)} (${goal})`, colour: met === true ? blue : red };
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
