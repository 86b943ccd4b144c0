// Durations and sizes: a whole number and its unit. A bare number is refused, because nobody remembers its unit (POL-23).
import type { Cursor } from '../cursor.ts';

const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const bytes: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** Seconds of a duration such as `15m`, or undefined after a report. Bounds are written as durations too. */
export function duration(cursor: Cursor, minimum: string, maximum: string): number | undefined {
  return measure(cursor, seconds, { what: 'a duration', example: '15m', units: 's, m, h or d' }, minimum, maximum);
}

/** Bytes of a size such as `64MiB`, or undefined after a report. */
export function size(cursor: Cursor, minimum: string, maximum: string): number | undefined {
  return measure(cursor, bytes, { what: 'a size', example: '64MiB', units: 'KiB, MiB or GiB' }, minimum, maximum);
}

/** Unix seconds of a moment (RFC 3339, without fractions), or undefined after a report. Its zone is written: whose clock is meant otherwise? */
export function moment(cursor: Cursor): number | undefined {
  const { value } = cursor;
  const form = typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)$/.test(value);
  const read = form ? Date.parse(value) / 1000 : NaN;
  return Number.isNaN(read) ? cursor.error('write a moment with its zone, for example 2026-11-25T18:00:00Z') : read;
}

interface Words {
  readonly what: string;
  readonly example: string;
  readonly units: string;
}

function measure(
  cursor: Cursor,
  units: Readonly<Record<string, number>>,
  words: Words,
  minimum: string,
  maximum: string,
): number | undefined {
  const { value } = cursor;
  const form = `write ${words.what} with its unit, for example ${words.example}`;
  if (typeof value === 'number' || (typeof value === 'string' && /^[0-9]+$/.test(value))) {
    return cursor.error(`${value} has no unit (${words.units}); ${form}`);
  }
  const read = typeof value === 'string' ? amount(value, units) : undefined;
  if (read === undefined) return cursor.error(form);
  const inside = read >= (amount(minimum, units) ?? 0) && read <= (amount(maximum, units) ?? 0);
  return inside ? read : cursor.error(`expected ${minimum} to ${maximum}`);
}

function amount(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const parts = /^([0-9]{1,9})([A-Za-z]{1,3})$/.exec(text);
  const unit = parts?.[2] ?? '';
  return parts !== null && Object.hasOwn(units, unit) ? Number(parts[1]) * (units[unit] ?? 0) : undefined;
}
