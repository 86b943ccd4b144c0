// Loads the policy: reads its files, checks everything, and gives either one configuration or every problem at once.
import { createHash, hash, type Hash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { assemble } from './assemble.ts';
import { Crowd } from './compile/crowd.ts';
import { Overlaps } from './compile/overlap.ts';
import { publisherCompiler } from './compile/publishers.ts';
import { compileSections, type Sections } from './compile/sections.ts';
import { warnOfShadowed } from './compile/shadow.ts';
import { WidePatterns } from './compile/wide.ts';
import type { Configuration, Sources } from './configuration.ts';
import { Cursor } from './cursor.ts';
import type { Diagnostic } from './diagnostic.ts';
import { includedFiles } from './include.ts';
import { headOf, type PublisherHead } from './kept-publisher.ts';
import { parseSource } from './parse.ts';
import { Problems } from './problems.ts';
import { readRegularFile } from './read-file.ts';
import { includedSchema, outlineSchema } from './schema.ts';
import { mayHoldVariables, refuseVariables, substitute, type Environment, type Source as Variables } from './variables.ts';

/**
 * Bytes of one file. A policy may have a thousand files; a longer one is nothing that people review, and whoever makes a
 * mistake in one waits for the parser that finds the place, which takes seconds for so much.
 */
const largestFile = 4 * 1024 * 1024;

export type Loaded =
  | { readonly ok: true; readonly configuration: Configuration }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[]; readonly sources: Sources };

export interface LoadOptions {
  /**
   * For whoever wants to know who may publish what, and nothing else: neither the variables of secrets need to be set nor the
   * files that are named to be there.
   */
  readonly policyOnly?: boolean;
}

/** What valid files say, in a form that any thread can take over. */
export interface Findings extends Pick<Configuration, 'revision' | 'sources' | 'written' | 'warnings'> {
  /** The sections of the policy file as they are written there, without publishers. */
  readonly top: unknown;
  readonly publishers: readonly PublisherHead[];
}

export type Found =
  | { readonly ok: true; readonly findings: Findings; readonly sections: Sections }
  | Extract<Loaded, { readonly ok: false }>;

/**
 * Loads the policy file at `path` and the files that it includes. Never rejects for what is in them.
 * @param env the environment variables that values of server, store, issuers and registries may name
 */
export async function loadConfiguration(path: string, env: Environment, { policyOnly = false }: LoadOptions = {}): Promise<Loaded> {
  const found = findPolicy(path, { env, policyOnly });
  return Promise.resolve(found.ok ? { ok: true, configuration: assemble(found.findings, found.sections) } : found);
}

/** Reads and checks all files, synchronously: a reload must see one state of them. */
export function findPolicy(path: string, variables: Variables): Found;
/** @param most bytes; undefined when the files hold more of them */
export function findPolicy(path: string, variables: Variables, most: number): Found | undefined;
export function findPolicy(path: string, variables: Variables, most = Infinity): Found | undefined {
  const loading = new Loading(path, most);
  const compiled = loading.compile(variables);
  if (loading.isTooMuch) return undefined;
  const diagnostics = loading.problems.list();
  if (compiled === undefined || loading.problems.failed) return { ok: false, diagnostics, sources: loading.sources };
  const { sections, ...findings } = compiled;
  return { ok: true, findings: { ...findings, warnings: diagnostics }, sections };
}

type Compiled = Omit<Findings, 'warnings'> & { readonly sections: Sections };

class Loading {
  readonly problems = new Problems();
  readonly #path: string;
  readonly #folder: string;
  readonly #files: string[] = [];
  readonly #folders: string[] = [];
  readonly #revision: Hash = createHash('sha256');
  #most: number;

  constructor(path: string, most: number) {
    this.#path = path;
    this.#folder = dirname(resolve(path));
    this.#most = most;
  }

  get sources(): Sources {
    return { files: this.#files, folders: this.#folders };
  }

  get isTooMuch(): boolean {
    return this.#most < 0;
  }

  compile({ env, policyOnly }: Variables): Compiled | undefined {
    const file = this.#read(this.#path, resolve(this.#path));
    if (file === undefined) return undefined;
    const outline = file.parse(outlineSchema);
    const top = withoutPublishers(file);
    const { value, supplied } = substitute(top, { env, policyOnly });
    const filled = new Cursor(this.problems, file.source, value);
    const used = (path: string): void => void this.#files.push(path);
    const context = { folder: this.#folder, supplied, production: env['NODE_ENV'] === 'production', policyOnly, used };
    const sections = compileSections(filled, context);
    const publishers = this.#publishers(file, filled, sections);
    if (outline === undefined || this.isTooMuch) return undefined;
    const written = {
      registries: digests(file.at('registries')),
      issuers: digests(file.at('issuers')),
      store: digest(file.at('store')),
      audit: digest(file.at('audit')),
    };
    const revision = this.#revision.digest('hex').slice(0, 12);
    return { revision, sources: this.sources, written, top: top.value, publishers, sections };
  }

  /** The publishers of the file and of those that it includes, one file after the other: what was read of one is not kept. */
  #publishers(file: Cursor, filled: Cursor, sections: Sections): PublisherHead[] {
    const [issuers, registries] = [filled.at('issuers'), filled.at('registries')];
    const compile = publisherCompiler({ issuers, registries });
    const overlaps = Overlaps.arePossible(issuers.keys.length, sections.registries.values()) ? new Overlaps() : undefined;
    const crowd = new Crowd(sections.issuers);
    const patterns = new WidePatterns();
    for (const cursor of this.#filesWithPublishers(file)) {
      const { source } = cursor;
      const variables = mayHoldVariables(source.text);
      for (const [index, item] of cursor.at('publishers').items.entries()) {
        if (variables) refuseVariables(item);
        const publisher = compile(item);
        if (publisher === undefined) continue;
        overlaps?.add(publisher, item);
        patterns.add(crowd.heads.length, publisher.publish);
        crowd.add(headOf(publisher), source, index);
      }
      source.forget();
    }
    overlaps?.warnOfSharedHosts([...sections.registries.values()], registries);
    patterns.warn(crowd);
    warnOfShadowed(crowd);
    crowd.tell(this.problems);
    return crowd.heads;
  }

  *#filesWithPublishers(file: Cursor): Generator<Cursor> {
    yield file;
    const included = includedFiles(file.at('include'), this.#folder, (folder) => void this.#folders.push(folder));
    for (const { shown, path } of included) {
      const other = path === resolve(this.#path) ? undefined : this.#read(shown, path);
      if (other === undefined) continue;
      other.parse(includedSchema);
      yield other;
    }
  }

  /** A file's value, undefined after its problems were reported, or where it is too much. */
  #read(shown: string, path: string): Cursor | undefined {
    if (this.isTooMuch) return undefined;
    this.#files.push(path);
    const read = readRegularFile(path, largestFile);
    if (!read.ok) {
      this.problems.addFile(shown, { code: 'file', message: `the file ${read.problem}` });
      return undefined;
    }
    this.#most -= read.bytes.length;
    if (this.isTooMuch) return undefined;
    // Lengths first: no two sets of files give the same bytes to the hash. Replicas may keep the file under other paths.
    this.#revision.update(`${read.bytes.length}:`).update(read.bytes);
    if (read.worldWritable)
      this.problems.addFile(shown, {
        code: 'world-writable',
        message: 'every account of this machine may write to the file',
        hint: `chmod o-w ${shown}`,
      });
    const source = parseSource(shown, read.bytes, this.problems);
    const value = source.value();
    return value === undefined ? undefined : new Cursor(this.problems, source, value);
  }
}

/** The file without what may hold no variables. */
function withoutPublishers(file: Cursor): Cursor {
  const kept = file.entries.filter(([key]) => ['server', 'store', 'audit', 'tracing', 'issuers', 'registries'].includes(key));
  return new Cursor(file.problems, file.source, Object.fromEntries(kept.map(([key, cursor]) => [key, cursor.value])));
}

function digests(section: Cursor): ReadonlyMap<string, string> {
  return new Map(section.entries.map(([name, cursor]) => [name, digest(cursor)]));
}

/** A value as it is written, without showing it. */
function digest({ value }: Cursor): string {
  return hash('sha256', JSON.stringify(value) ?? '', 'base64');
}
