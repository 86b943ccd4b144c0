// The pages below docs/refusals: one section for every refusal, with what a person sees of it and what there is to change.
import { refusalKinds, type RefusalCode } from '../../src/core/refusal.ts';
import { exchange } from '../../src/core/refusals/exchange.ts';
import { outage } from '../../src/core/refusals/outage.ts';
import { policy } from '../../src/core/refusals/policy.ts';
import { request } from '../../src/core/refusals/request.ts';
import { upload } from '../../src/core/refusals/upload.ts';
import { shows } from './mask.ts';
import { escapeAngles, longest, named, template } from './words.ts';
import type { Recording } from './scenario.ts';

export interface Page {
  /** Name of the file below docs/refusals, without `.md`. */
  readonly file: string;
  readonly title: string;
  /** What there is to know before the first section. */
  readonly intro: string;
  /** Versions of the client, the newest first, as they read in a sentence. */
  readonly versions: readonly string[];
  /** What to do where the client does not show the refusal. */
  readonly instead: string;
  /** What was recorded of a refusal with each version, in the same order. */
  readonly recordings: (code: RefusalCode) => readonly Recording[];
}

/** A page whose recordings are looked up by the client's name. */
export interface PageOf<C extends string> extends Omit<Page, 'recordings'> {
  readonly clients: readonly C[];
}

/** What was recorded of a client and a refusal so far. */
export type Recorded<C extends string> = (code: RefusalCode, client: C) => Recording | undefined;

/** Fills a page in; throws when something was neither recorded nor said to be impossible. */
export function filled<C extends string>(
  { clients, ...page }: PageOf<C>,
  recorded: Recorded<C>,
  reasonFor: (code: RefusalCode, client: C) => string | undefined,
): Page {
  const one = (code: RefusalCode, client: C): Recording => {
    const reason = reasonFor(code, client);
    if (reason !== undefined) return { kind: 'cannot', reason };
    const recording = recorded(code, client);
    if (recording === undefined) throw new Error(`nothing was recorded of ${code} with ${client}`);
    return recording;
  };
  return { ...page, recordings: (code) => clients.map((client) => one(code, client)) };
}

const families: Readonly<Record<string, readonly string[]>> = {
  'Exchange: the identity token': Object.keys(exchange),
  'Exchange: the policy': Object.keys(policy),
  Upload: Object.keys(upload),
  'The request itself': Object.keys(request),
  'Not your fault': Object.keys(outage),
};

/**
 * The whole page.
 * @param before the page as it is, from which the sections of all other codes are taken
 */
export function render(page: Page, codes: readonly RefusalCode[], before: string): string {
  const kept = sectionsOf(before);
  const sections = Object.entries(families).flatMap(([family, members]) => [
    `## ${family}`,
    ...members
      .toSorted()
      .map((code) => `### ${code}\n\n${codes.some((each) => each === code) ? section(page, code as RefusalCode) : (kept.get(code) ?? '')}`),
  ]);
  return `${[`# Refusals as ${page.title} shows them`, page.intro, how(page), ...sections].join('\n\n')}\n`;
}

/** What a page has below each code. */
export function sectionsOf(text: string): Map<string, string> {
  const parts = text.split(/^###? (.+)$/m);
  const found = parts.flatMap((part, at): [string, string][] => (at % 2 === 1 ? [[part, (parts[at + 1] ?? '').trim()]] : []));
  return new Map(found.filter(([code]) => code in refusalKinds));
}

/** The line that names what was run. */
export const recordedWith = ({ versions }: Pick<Page, 'versions'>): string => `Recorded with ${versions.join(', ')}`;

const how = (page: Page): string =>
  `${recordedWith(page)}, by \`npm run refusals\`, which runs the real client against the real proxy; \`npm run test:slow\` runs some of it again and compares. ` +
  'Names of hosts and folders, times and request ids are replaced by those of an example. ' +
  'What all codes mean is in [the reference](../refusals.md).';

/** What is said of one code. */
export function section(page: Page, code: RefusalCode): string {
  return body(page, code).join('\n\n');
}

function body(page: Page, code: RefusalCode): string[] {
  const groups = grouped(page.versions, page.recordings(code));
  const first = groups.find((group) => group.recording.kind === 'ran');
  const did = first?.recording.kind === 'ran' ? [first.recording.did] : [];
  const all = groups.length === 1;
  const parts = groups.flatMap(({ versions, recording }) => {
    const who = all ? '' : `${versions.join(', ')}: `;
    if (recording.kind === 'cannot') return [`${who}Not to be caused. ${recording.reason}`];
    const instead = first !== undefined && recording !== first.recording ? differing(first.recording, recording) : undefined;
    const shown = instead === undefined ? recording.output : instead;
    const lead = all ? [] : [`${versions.join(', ')}${instead === undefined ? '' : ', where it differs'}:`];
    return [...lead, fence(shown), ...unsaid(page, code, recording)];
  });
  return [...did, ...parts, ...(first === undefined ? [`It would read: ${template(code)}`] : [])];
}

interface Group {
  readonly versions: string[];
  readonly recording: Recording;
}

/** Versions with the same recording go together. */
function grouped(versions: readonly string[], recordings: readonly Recording[]): Group[] {
  const groups: Group[] = [];
  recordings.forEach((recording, at) => {
    const version = versions[at] ?? '';
    const same = groups.find((group) => JSON.stringify(textOf(group.recording)) === JSON.stringify(textOf(recording)));
    if (same === undefined) groups.push({ versions: [version], recording });
    else same.versions.push(version);
  });
  return groups;
}

const textOf = (recording: Recording): string => (recording.kind === 'ran' ? recording.output : recording.reason);

/** The lines that one recording has and the other has not, where they are few. */
function differing(first: Recording, other: Recording): string | undefined {
  const known = new Set(textOf(first).split('\n'));
  const lines = textOf(other).split('\n');
  const differ = lines.filter((line) => !known.has(line));
  return differ.length > 0 && differ.length * 2 < lines.length ? differ.join('\n') : undefined;
}

/** What the output leaves open: what the refusal says, where the client hides it, and how it ended. */
function unsaid(page: Page, code: RefusalCode, recording: Extract<Recording, { kind: 'ran' }>): string[] {
  if (recording.succeeded) return ['It tries again by itself, and that succeeds.'];
  if (tells(code, recording)) return [];
  const { message } = recording;
  return [`${hidden} ${message === '' ? template(code) : escapeAngles(message)}`, page.instead];
}

/** How a page begins to say what the client hid. */
export const hidden = 'It does not show the refusal, which reads:';

/** Whether the person sees what was refused, and what to change. */
export function tells(code: RefusalCode, { message, output }: Extract<Recording, { kind: 'ran' }>): boolean {
  return message !== '' ? shows(output, message) : shows(output, longest(refusalKinds[code].fix(named)));
}

function fence(text: string): string {
  return `\`\`\`text\n${text}\n\`\`\``;
}
