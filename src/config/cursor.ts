// One value of a policy file together with its place, so that whoever finds a problem can say where.
import type { ZodType } from 'zod';
import type { Place } from '../core/publisher.ts';
import { explainIssues } from './issues.ts';
import type { Path, Spot } from './locate.ts';
import type { Problems } from './problems.ts';
import type { ErrorCode, WarningCode } from './rules.ts';
import { placeOf, type Source } from './source.ts';

export class Cursor {
  readonly problems: Problems;
  readonly source: Source;
  readonly value: unknown;
  readonly #above: { readonly cursor: Cursor; readonly step: string | number } | undefined;

  /** @param above none at the top of a file */
  constructor(problems: Problems, source: Source, value: unknown, above?: { readonly cursor: Cursor; readonly step: string | number }) {
    this.problems = problems;
    this.source = source;
    this.value = value;
    this.#above = above;
  }

  /** Put together when it is asked for: of most values nobody asks where they stand. */
  get path(): Path {
    return this.#above === undefined ? [] : [...this.#above.cursor.path, this.#above.step];
  }

  /** The value below, own properties only; a cursor on `undefined` when there is none. */
  at(step: string | number): Cursor {
    const { value } = this;
    const below = typeof value === 'object' && value !== null && Object.hasOwn(value, step) ? (value as never)[step] : undefined;
    return new Cursor(this.problems, this.source, below, { cursor: this, step });
  }

  get exists(): boolean {
    return this.value !== undefined;
  }

  /** The keys of a map, none when it is none. */
  get keys(): readonly string[] {
    const { value } = this;
    return typeof value !== 'object' || value === null || Array.isArray(value) ? [] : Object.keys(value);
  }

  /** The entries of a map, none when it is none. */
  get entries(): readonly (readonly [string, Cursor])[] {
    return this.keys.map((key) => [key, this.at(key)] as const);
  }

  /** The items of a list, none when it is none. */
  get items(): readonly Cursor[] {
    return Array.isArray(this.value) ? this.value.map((_, index) => this.at(index)) : [];
  }

  get place(): Place {
    return placeOf(this.source, this.#spot('value'));
  }

  /** Reports an error at the value. Returns undefined, so that a check can end with it. */
  error(message: string, hint?: string, code: ErrorCode = 'value'): undefined {
    this.problems.add(this.source, this.#spot('value'), { code, message, hint });
    return undefined;
  }

  /** Reports an error at the key in front of the value. */
  errorAtKey(message: string, hint?: string, code: ErrorCode = 'value'): undefined {
    this.problems.add(this.source, this.#spot('key'), { code, message, hint });
    return undefined;
  }

  /** Reports a warning at the value; the hint is the rule's own unless said. */
  warn(code: WarningCode, message: string, hint?: string): void {
    this.problems.add(this.source, this.#spot('value'), { code, message, hint });
  }

  /** The value as the schema has it, or undefined after every way in which it differs was reported. */
  parse<T>(schema: ZodType<T>): T | undefined {
    const result = schema.safeParse(this.value);
    if (result.success) return result.data;
    explainIssues(this, schema, result.error.issues);
    return undefined;
  }

  #spot(part: 'key' | 'value'): Spot {
    return this.source.locate(this.path, part);
  }
}
