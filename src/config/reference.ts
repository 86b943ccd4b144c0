// The reference page of the policy file, docs/policy.md, written from the schema and the providers' tables.
import { providers, type Field, type Provider } from '../providers/index.ts';
import { jsonSchema } from './json-schema.ts';
import { rules } from './reference-text.ts';
import { rules as findingRules } from './rules.ts';

interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: string | number | boolean;
  readonly anyOf?: readonly Node[];
  readonly items?: Node;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | false;
  readonly required?: readonly string[];
}

/** The whole page, in Markdown. */
export function policyReference(): string {
  const file = jsonSchema() as Node;
  const section = (name: string): Node => file.properties?.[name] ?? {};
  const entry = (name: string): Node => {
    const { additionalProperties, items } = section(name);
    return items ?? (additionalProperties === false ? {} : (additionalProperties ?? {}));
  };
  const admin = section('server').properties?.['admin']?.anyOf?.find((form) => form.properties !== undefined) ?? {};
  const store = section('store').anyOf?.find((form) => form.properties !== undefined) ?? {};
  const credential = entry('registries').properties?.['credential']?.anyOf?.find((form) => form.properties !== undefined) ?? {};
  const parts = [
    '# The policy file',
    '<!-- Written by policyReference() in src/config/reference.ts from the schema; `npx vitest run test/config/reference.test.ts -u` writes it anew. -->',
    rules.opening,
    table({ ...file, properties: withoutKeys(file) }),
    '## `server`',
    table(section('server')),
    '### `server.admin`',
    rules.admin,
    table(admin),
    '## `store`',
    `${section('store').description ?? ''} A text, or a map:`,
    table(store),
    '## `audit`',
    section('audit').description ?? '',
    table(section('audit')),
    '## `tracing`',
    rules.tracing,
    table(section('tracing')),
    '## `issuers.<name>`',
    section('issuers').description ?? '',
    table(entry('issuers')),
    rules.issuers,
    '## `registries.<name>`',
    table(entry('registries')),
    '### `credential`',
    rules.credential,
    table(credential),
    '## `publishers[]`',
    rules.publishers,
    table(entry('publishers')),
    '## `publishers[].from`',
    rules.from,
    ...providers.flatMap(providerPart),
    rules.values,
    rules.findings,
    findings(),
    rules.cut,
  ];
  return `${parts.join('\n\n')}\n`;
}

function findings(): string {
  const rows = Object.entries(findingRules).map(([code, { severity, title, help }]) => [
    `\`${code}\``,
    severity,
    escapeCell(title),
    escapeCell(help),
  ]);
  return markdownTable(['code', 'severity', 'what is found', 'what to do'], rows);
}

/** The sections of the file; each has a table of its own. */
function withoutKeys(file: Node): Record<string, Node> {
  return Object.fromEntries(Object.entries(file.properties ?? {}).map(([key, section]) => [key, { ...section, properties: {} }]));
}

function providerPart(provider: Provider): string[] {
  const rows = provider.fields.map((field) => [`\`${field.key}\``, fieldRule(field), comparison(field), escapeCell(field.describe)]);
  const fields = rows.length === 0 ? [] : [markdownTable(['key', 'stated', 'compared', 'what it is'], rows)];
  return [
    `### ${provider.title} (\`provider: ${provider.id}\`)`,
    issuerText(provider),
    ...fields,
    ...eventPart(provider),
    ...(provider.freeClaims === true ? [rules.generic] : []),
  ];
}

function issuerText({ issuers: [hosted], issuerForm }: Provider): string {
  if (hosted === undefined) return `Issuer: ${issuerForm ?? 'always stated'}.`;
  return `Issuer: \`${hosted}\`${issuerForm === undefined ? '' : `, or ${issuerForm}`}.`;
}

function fieldRule(field: Field): string {
  if (field.step === 'anchor') return 'always: the anchor';
  if (field.required) return field.any ? 'always, or `any`' : 'always';
  return field.any ? 'if wanted, or `any`' : 'if wanted';
}

function comparison(field: Field): string {
  if (field.flag === true) return 'true or false';
  return { exact: 'exactly', fold: 'without case', pattern: 'as a pattern', digits: 'as digits' }[field.compare];
}

function eventPart({ events }: Provider): string[] {
  if (events === undefined) return [];
  return [
    `\`events\`: a list of what may have started the run (\`${events.claim}\`). Default ${codes(events.byDefault)}. ` +
      `With a warning: ${codes(Object.keys(events.risky)) || 'none'}. Never: ${codes(Object.keys(events.never)) || 'none'}. Others by name.`,
  ];
}

function codes(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}

/** One row per key of a map, and below it one per key of a map within it. */
function table(node: Node, within = ''): string {
  return markdownTable(['key', 'value', 'required', 'what it is'], rows(node, within));
}

function rows(node: Node, within: string): string[][] {
  return Object.entries(node.properties ?? {}).flatMap(([key, value]) => [
    [`\`${within}${key}\``, kind(value), node.required?.includes(key) === true ? 'yes' : '', escapeCell(value.description ?? '')],
    ...rows(value, `${within}${key}.`),
  ]);
}

function kind(node: Node): string {
  if (node.enum !== undefined) return node.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (node.const !== undefined) return `\`${String(node.const)}\``;
  // The alternative for a variable's text says nothing about the value.
  const forms = node.anyOf?.filter((form) => form.pattern?.startsWith('^\\$') !== true);
  if (forms !== undefined) return [...new Set(forms.map(kind))].join(' or ');
  if (node.type === 'array') return `list of ${plural(kind(node.items ?? {}))}`;
  if (node.type === 'object') return 'map';
  return { string: 'text', integer: 'whole number', boolean: 'true or false' }[node.type ?? ''] ?? 'text';
}

function plural(word: string): string {
  return word === 'text' ? 'texts' : word === 'map' ? 'maps' : word;
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function escapeCell(text: string): string {
  // Outside of code `<tag>` would be taken for HTML and vanish.
  return text.replaceAll('|', '\\|').replaceAll(/`[^`]*`|</g, (part) => (part === '<' ? '\\<' : part));
}
