// Every kind of finding that `check` can report: its stable code, and what it means. docs/policy.md and SARIF have this table.

export interface Rule {
  readonly severity: 'error' | 'warning';
  /** What is wrong, in one sentence. */
  readonly title: string;
  /** Why it matters and what to do; the hint of a warning that has none of its own. */
  readonly help: string;
}

const errors = {
  file: { title: 'A file cannot be read.', help: 'look at its path and its permissions' },
  syntax: { title: 'The file is not YAML, or YAML that two readers could read differently.', help: 'write plain YAML 1.2 in UTF-8' },
  'unknown-key': { title: 'A key is not known here.', help: 'docs/policy.md lists the keys of every section' },
  'missing-key': { title: 'A key that has to be stated is missing.', help: 'write it; where no constraint is wanted, write any' },
  variable: { title: 'An environment variable is not set, or not possible here.', help: 'set it, or give it a default: ${NAME:-default}' },
  reference: { title: 'A name is not defined, or is defined twice.', help: 'names of issuers and registries are those of their sections' },
  value: { title: 'A value is not one that is possible here.', help: 'the message says what to write' },
} as const satisfies Record<string, Omit<Rule, 'severity'>>;

const warnings = {
  'pin-missing': {
    title: 'An id that tells a recreated repository or project from the first is not stated.',
    help: 'countersign pin fills it in from tokens that were seen',
  },
  any: {
    title: 'A constraint is left out on purpose.',
    help: 'name the one that is used, or keep any if every one may publish',
  },
  'owner-any': {
    title: 'The owner is not pinned by its id: whoever takes over its name can publish.',
    help: 'countersign pin fills the id in from tokens that were seen',
  },
  'any-branch': {
    title: 'Every branch can publish.',
    help: 'write ref: refs/tags/v*, or an environment that asks for a review',
  },
  'never-matches': {
    title: 'A pattern that nothing can match, so that the publisher never lets anybody in.',
    help: 'write what the CI really says',
  },
  shadowed: {
    title: 'A publisher adds nothing to another one.',
    help: 'remove it, or narrow the other one',
  },
  overlap: {
    title: 'A pattern covers packages of another publisher.',
    help: 'narrow the pattern: all publishers that match add up',
  },
  'listed-twice': { title: 'A package is listed twice.', help: 'remove one of the two' },
  'event-risky': {
    title: "An event whose runs can execute a stranger's code.",
    help: 'take it off the list unless nothing else will do',
  },
  'event-unknown': { title: 'An event that the CI does not have.', help: 'write it as the CI does' },
  'secret-written': {
    title: 'A secret is written in the file.',
    help: 'write ${NAME} and set the variable, or use the key that ends in _file',
  },
  'issuer-insecure': {
    title: 'An issuer over http, or at an address instead of a name.',
    help: 'use https with a name, and ca_file: for a private authority',
  },
  'audience-missing': {
    title: 'An issuer puts one audience of its own into every token, and it is not stated.',
    help: 'write audiences: with the `aud` of its tokens; the page of the CI in docs/ci says what it is',
  },
  'webhook-insecure': {
    title: 'Audit records are sent over http.',
    help: 'use https, with ca_file: for a private authority',
  },
  removal: {
    title: 'A publisher may remove what is published, whose name is then free for another content.',
    help: 'deprecate leaves the version in place',
  },
  'single-use-python': {
    title: 'A token for one upload, where a release is several files.',
    help: 'leave single_use out for Python projects, or build one file',
  },
  'shared-host': {
    title: 'Two npm registries share a host and packages.',
    help: 'give each npm registry a host name of its own',
  },
  'admin-exposed': {
    title: 'The admin listener can be reached from other machines, and has no token.',
    help: 'write admin: { listen: …, token_file: … }, or use 127.0.0.1',
  },
  'include-empty': { title: 'An include: names no file.', help: 'look at the path; * stands for any name within one folder' },
  'world-writable': { title: 'Every account of the machine may write to the file.', help: 'take the right away: chmod o-w' },
} as const satisfies Record<string, Omit<Rule, 'severity'>>;

export type ErrorCode = keyof typeof errors;
export type WarningCode = keyof typeof warnings;
export type RuleCode = ErrorCode | WarningCode;

/** All of them, errors first. */
export const rules: Readonly<Record<RuleCode, Rule>> = {
  ...withSeverity(errors, 'error'),
  ...withSeverity(warnings, 'warning'),
};

function withSeverity<K extends string>(table: Record<K, Omit<Rule, 'severity'>>, severity: Rule['severity']): Record<K, Rule> {
  return Object.fromEntries(Object.entries<Omit<Rule, 'severity'>>(table).map(([code, rule]) => [code, { ...rule, severity }])) as Record<
    K,
    Rule
  >;
}
