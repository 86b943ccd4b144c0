// What the CI files of all providers have in common: which refs start them, and the script in its order.
import type { From } from '../core/publisher.ts';
import { yamlList } from '../core/shell.ts';
import type { Script, TokenNeed, Toolchain } from '../core/snippet.ts';

/** A container image with the toolchain and curl. */
export const images: Readonly<Record<Toolchain, string>> = { node: 'node:24', python: 'python:3.13' };

/** The first value that the publisher states, where that is no `any`. */
export function statedOf(from: From, key: string): string | undefined {
  const stated = from.fields.get(key);
  return stated === undefined || stated === 'any' ? undefined : stated[0];
}

/** Patterns over names of tags and of branches. */
export interface Refs {
  readonly tags: readonly string[];
  readonly branches: readonly string[];
}

/** What a publisher's `ref:` lets in, without `refs/…/`. Where it lets in everything: tags of versions. */
export function refsOf(from: From): Refs {
  const stated = from.fields.get('ref') ?? 'any';
  const patterns = stated === 'any' ? [] : stated;
  const below = (prefix: string): string[] =>
    patterns.filter((pattern) => pattern.startsWith(prefix)).map((pattern) => pattern.slice(prefix.length));
  const refs = { tags: below('refs/tags/'), branches: below('refs/heads/') };
  return refs.tags.length + refs.branches.length === 0 ? { tags: ['v*'], branches: [] } : refs;
}

/** `tags:` and `branches:` as YAML, each with its patterns. */
export function refLines({ tags, branches }: Refs): string[] {
  return [...(tags.length === 0 ? [] : [`tags: ${yamlList(tags)}`]), ...(branches.length === 0 ? [] : [`branches: ${yamlList(branches)}`])];
}

/** How a CI brings the identity token into the script. */
export interface Delivery {
  /** Lines that set the variable; they are followed by its export, since `export X=$(…)` hides a failure. */
  readonly assign: (need: TokenNeed, toolchain: Toolchain) => readonly string[];
  /** Lines that keep a value out of the log. */
  readonly mask?: (variable: string) => readonly string[];
}

/** The script after the build: identity token, exchange where needed, publish. */
export function publishLines(script: Script, { assign, mask }: Delivery): string[] {
  const { token, exchange } = script;
  return [
    ...script.notes.map((note) => `# ${note}`),
    ...(token === undefined ? [`# The client asks for an identity token with the audience ${script.audience}.`] : []),
    ...(token === undefined ? [] : [...assign(token, script.toolchain), ...(mask?.(token.variable) ?? []), `export ${token.variable}`]),
    ...(exchange === undefined ? [] : [...exchange.lines, ...(mask?.(exchange.variable) ?? [])]),
    ...script.publish,
  ];
}

/** The whole script. */
export function scriptLines(script: Script, delivery: Delivery): string[] {
  return [...script.build, ...publishLines(script, delivery)];
}

/** For CIs that put the token into a variable of their own. */
export function copied(variable: string): Delivery {
  return { assign: (need) => (need.variable === variable ? [] : [`${need.variable}=$${variable}`]) };
}

/** A program that prints one value of the JSON on its stdin. */
export function jsonValue(toolchain: Toolchain, ...path: readonly (string | number)[]): string {
  const within = path.map((key) => `[${JSON.stringify(key)}]`).join('');
  return toolchain === 'node'
    ? `node -p 'JSON.parse(require("fs").readFileSync(0, "utf8"))${within}'`
    : `python3 -c 'import json, sys; print(json.load(sys.stdin)${within})'`;
}
