// Pieces of records as pages show them: the package, where it came from, how it ended.
import { auditLine, type AuditEntry } from '../audit/entry.ts';
import type { AuditEvent, Outcome } from '../audit/event.ts';
import type { JsonObject } from '../core/json.ts';
import { anchor, maybe, sourceLinks, to } from './href.ts';
import { html, type Html, type Part } from './html.ts';
import type { Scene } from './scene.ts';

export type Known = Partial<AuditEntry>;

/** What a shelf kept of a record. Whoever can write to Redis can write anything there: only what a record may say is read. */
export function recordOf(latest: JsonObject | null | undefined): Known {
  if (latest === null || latest === undefined) return {};
  const text = (name: string): string | undefined => (typeof latest[name] === 'string' ? latest[name] : undefined);
  const [id, time] = [text('id'), text('time')];
  return {
    ...(auditLine(latest as unknown as AuditEvent) as Known),
    ...(id === undefined ? {} : { id }),
    ...(time === undefined ? {} : { time }),
  };
}

const outcomes: Readonly<Record<Outcome, readonly [kind: string, text: string]>> = {
  uploaded: ['good', 'published'],
  changed: ['good', 'changed'],
  minted: ['plain', 'token minted'],
  'long-lived': ['warn', 'long-lived token'],
  'upstream-refused': ['bad', 'refused by registry'],
  'upstream-unknown': ['warn', 'no answer'],
  refused: ['bad', 'refused'],
  'dry-run': ['plain', 'tried'],
  forwarding: ['plain', 'forwarding'],
  revoked: ['plain', 'revoked'],
  reloaded: ['good', 'reloaded'],
  'reload-failed': ['bad', 'not reloaded'],
  started: ['plain', 'started'],
  stopped: ['plain', 'stopped'],
};

/** A sentence of the house, in which `this` is code. */
export function prose(text: string): Part {
  return text.split('`').map((part, i) => (i % 2 === 0 ? part : html`<code>${part}</code>`));
}

/** How it ended, as a word with a colour. */
export function outcomeBadge(outcome: Outcome | undefined): Html | undefined {
  const [kind, text] = (outcome === undefined ? undefined : outcomes[outcome]) ?? ['plain', outcome ?? ''];
  return outcome === undefined ? undefined : badge(kind, text);
}

export function badge(kind: string, text: string): Html {
  return html`<span class="badge ${kind}">${text}</span>`;
}

/** Beside everything that the demo made up. */
export function sampleMark({ sample }: Known): Html | undefined {
  return sample === undefined ? undefined : html` <span class="sample" title="Made up by ${sample}">sample</span>`;
}

/** Package and version, leading to the package's page. */
export function packageName({ registry, package: name, version }: Known): Part {
  if (name === undefined || name === '') return html`<span class="faint">not named</span>`;
  const one = registry !== undefined && !registry.includes(',') ? registry : undefined;
  const shown = html`<span class="name">${name}</span>${version !== undefined && html` <span class="version">${version}</span>`}`;
  return anchor(to('/package', { registry: one, package: name }), shown);
}

/** `acme/ui @ 3f1c9d7`, with links to the repository and the commit where they can be told. */
export function source(record: Known, { configuration }: Pick<Scene, 'configuration'>): Part {
  if (record.anchor === undefined) return undefined;
  const links = sourceLinks(record, configuration.issuers);
  const commit = record.commit === undefined ? undefined : record.commit.slice(0, 7);
  return html`<span class="source"
    >${maybe(links.repository, html`<span class="name">${record.anchor}</span>`)}${
      commit !== undefined && html` ${maybe(links.commit, html`<code>${commit}</code>`, { title: `Commit ${record.commit}` })}`
    }${refName(record.ref) !== undefined && html` <span class="ref">${refName(record.ref)}</span>`}</span
  >`;
}

/** `v1.2.3`, `main`. */
function refName(ref: string | undefined): string | undefined {
  return ref?.replace(/^refs\/(?:heads|tags)\//, '');
}

/** The run, by its number where there is one. */
export function run(record: Known, { configuration }: Pick<Scene, 'configuration'>): Part {
  const link = sourceLinks(record, configuration.issuers).run;
  if (record.run === undefined && link === undefined) return undefined;
  const text = record.run === undefined ? 'at the CI' : record.run.length > 14 ? `${record.run.slice(0, 12)}…` : record.run;
  return maybe(link, text, { label: `Run ${record.run ?? ''} at the CI` });
}

export function publisherNames(names: readonly string[] | undefined): Part {
  return names === undefined || names.length === 0
    ? undefined
    : names.map((name, i) => html`${i > 0 && ', '}${anchor(to('/publisher', { name }), name, { kind: 'name' })}`);
}

/** The client without what it says of the machine it runs on. */
export function client(text: string | undefined): Part {
  if (text === undefined) return undefined;
  const short = /^[^\s(]+/.exec(text)?.[0] ?? text;
  return html`<span title="${text}">${short.slice(0, 40)}</span>`;
}

/** To everything that is known of a request. */
export function requestLink(id: string | undefined, content: Part): Part {
  return id === undefined ? content : anchor(to('/request', { id }), content);
}
