// Numbers and times as people read them. Times are UTC, as the record has them.
import { html, type Html } from './html.ts';

const number = new Intl.NumberFormat('en-GB');
const day = 86_400_000;
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `12,480`. */
export function figure(value: number): string {
  return number.format(value);
}

/** `1 package`, `12 packages`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${figure(value)} ${value === 1 ? one : many}`;
}

/** `840 ms`, `1.3 s`, `2 min`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  return milliseconds < 60_000 ? `${(milliseconds / 1000).toFixed(1)} s` : `${Math.round(milliseconds / 60_000)} min`;
}

/** `4.7 kB`. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${step === 0 ? bytes : (bytes / 1000 ** step).toFixed(1)} ${units[step]}`;
}

/** `29 Nov`; with the year where it is another. */
export function shortDay(ms: number, now: number): string {
  const date = new Date(ms);
  const year = date.getUTCFullYear() === new Date(now).getUTCFullYear() ? '' : ` ${date.getUTCFullYear()}`;
  return `${date.getUTCDate()} ${months[date.getUTCMonth()]}${year}`;
}

/** `29 Nov 10:30`. */
function shortTime(ms: number, now: number): string {
  return `${shortDay(ms, now)} ${new Date(ms).toISOString().slice(11, 16)}`;
}

/** `just now`, `12 min ago`, `3 h ago`, `5 days ago`; `in 5 days` for what is to come. */
export function ago(ms: number, now: number): string {
  const past = now - ms;
  const [minutes, hours, days] = [60_000, 3_600_000, day].map((unit) => Math.round(Math.abs(past) / unit)) as [number, number, number];
  if (Math.abs(past) < 45_000) return 'just now';
  const span = minutes < 60 ? `${minutes} min` : hours < 24 ? `${hours} h` : counted(days, 'day');
  return past < 0 ? `in ${span}` : `${span} ago`;
}

/** A time with how long ago it was on hover; nothing for what is no time. */
export function moment(time: string | undefined, now: number): Html | undefined {
  return readable(time, now, shortTime, ago);
}

/** How long ago, with the time on hover. */
export function since(time: string | undefined, now: number): Html | undefined {
  return readable(time, now, ago, shortTime);
}

type Shown = (ms: number, now: number) => string;

function readable(time: string | undefined, now: number, shown: Shown, title: Shown): Html | undefined {
  const ms = Date.parse(time ?? '');
  if (Number.isNaN(ms)) return undefined;
  return html`<time datetime="${new Date(ms).toISOString()}" title="${title(ms, now)}">${shown(ms, now)}</time>`;
}
