// Which claims a CI's tokens have. What is not in the table is counted and logged, so that a change of the CI's is noticed.
import type { JsonObject } from './json.ts';

export interface ClaimTable {
  /** In every token. */
  readonly required: readonly string[];
  /** Those of the others that publishers' conditions read; an upload token remembers them with the required ones (P6). */
  readonly checked: readonly string[];
  readonly unchecked: readonly string[];
  /** Beginnings of claim names of which a tenant makes the rest: `repo_property_`. The empty one knows every claim. */
  readonly prefixes?: readonly string[];
  /**
   * Claims that whoever can start a job chooses, or that all projects of an organisation share. They are never all that an
   * anchor is made of, nor, under `provider: generic`, all that a publisher binds (POL-31, CLM-61).
   */
  readonly weak: readonly string[];
}

const names = new WeakMap<ClaimTable, ReadonlySet<string>>();

/** The claims of a token that the table does not know. Cheap: the names are gathered once for each table. */
export function unknownClaims(set: JsonObject, table: ClaimTable): readonly string[] {
  let known = names.get(table);
  if (known === undefined) {
    known = new Set([...table.required, ...table.checked, ...table.unchecked]);
    names.set(table, known);
  }
  const found = known;
  return Object.keys(set).filter((name) => !found.has(name) && table.prefixes?.some((prefix) => name.startsWith(prefix)) !== true);
}
