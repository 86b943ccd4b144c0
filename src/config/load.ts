// Loads the policy: reads its files, checks everything, and gives either one configuration or every problem at once.
import { createHash, type Hash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { indexPublishers } from './candidates.ts';
import { compileAudit } from './compile/audit.ts';
import { compileIssuers } from './compile/issuers.ts';
import { warnOfSharedHost, warnOfSharedPackages, warnOfWidePatterns } from './compile/overlap.ts';
import { compilePublishers } from './compile/publishers.ts';
import { compileRegistries } from './compile/registries.ts';
import { compileServer } from './compile/server.ts';
import { warnOfShadowed } from './compile/shadow.ts';
import { compileStore } from './compile/store.ts';
import { compileTracing } from './compile/tracing.ts';
import type { Configuration, Sources } from './configuration.ts';
import { Cursor } from './cursor.ts';
import type { Diagnostic } from './diagnostic.ts';
import { includedFiles } from './include.ts';
import { parseSource } from './parse.ts';
import { Problems } from './problems.ts';
import { readRegularFile } from './read-file.ts';
import { includedSchema, outlineSchema } from './schema.ts';
import { refuseVariables, substitute, type Environment, type Source } from './variables.ts';

/** Bytes of one file. */
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

/**
 * Loads the policy file at `path` and the files that it includes. Never rejects for what is in them.
 * @param env the environment variables that values of server, store, issuers and registries may name
 */
export async function loadConfiguration(path: string, env: Environment, { policyOnly = false }: LoadOptions = {}): Promise<Loaded> {
  const loading = new Loading(path);
  const compiled = loading.compile({ env, policyOnly });
  const diagnostics = loading.problems.list();
  // The files are read synchronously: a reload must see one state of them. Callers await for what may come.
  return Promise.resolve(
    compiled === undefined || loading.problems.failed
      ? { ok: false, diagnostics, sources: loading.sources }
      : { ok: true, configuration: { ...compiled, warnings: diagnostics } },
  );
}

class Loading {
  readonly problems = new Problems();
  readonly #path: string;
  readonly #folder: string;
  readonly #files: string[] = [];
  readonly #folders: string[] = [];
  readonly #revision: Hash = createHash('sha256');

  constructor(path: string) {
    this.#path = path;
    this.#folder = dirname(resolve(path));
  }

  get sources(): Sources {
    return { files: this.#files, folders: this.#folders };
  }

  compile({ env, policyOnly }: Source): Omit<Configuration, 'warnings'> | undefined {
    const file = this.#read(this.#path, resolve(this.#path));
    if (file === undefined) return undefined;
    const outline = file.parse(outlineSchema);
    const publishers = this.#publishers(file);
    for (const cursor of publishers) refuseVariables(cursor);
    const { value, supplied } = substitute(withoutPublishers(file), { env, policyOnly });
    const top = new Cursor(this.problems, file.source, [], value);
    const used = (path: string): void => void this.#files.push(path);
    const context = { folder: this.#folder, supplied, production: env['NODE_ENV'] === 'production', policyOnly, used };
    const server = compileServer(top.at('server'), context);
    const store = compileStore(top.at('store'), context);
    if (server.workers > 1 && store.kind === 'memory') {
      top.at('server').at('workers').error('more than one worker needs Redis: each would have a memory of its own', 'set store:');
    }
    const audit = compileAudit(top.at('audit'), store.kind, server.workers, context);
    const tracing = compileTracing(top.at('tracing'));
    const registries = compileRegistries(top.at('registries'), context);
    const hosts = new Set([...registries.values()].flatMap(({ url }) => [url.hostname, url.host]));
    const issuers = compileIssuers(top.at('issuers'), context, hosts);
    const told = compilePublishers(publishers, { issuers: top.at('issuers'), registries: top.at('registries') });
    const compiled = told.map(({ publisher }) => publisher);
    warnOfSharedPackages(told, registries.keys());
    warnOfWidePatterns(told, registries.keys());
    warnOfSharedHost(compiled, [...registries.values()], top.at('registries'));
    warnOfShadowed(told);
    if (outline === undefined) return undefined;
    const revision = this.#revision.digest('hex').slice(0, 12);
    const written = {
      publishers: new Map(publishers.map((cursor) => [String(cursor.at('name').value), digest(cursor)])),
      registries: digests(file.at('registries')),
      issuers: digests(file.at('issuers')),
      store: digest(file.at('store')),
      audit: digest(file.at('audit')),
    };
    return {
      revision,
      server,
      store,
      audit,
      ...(tracing === undefined ? {} : { tracing }),
      issuers,
      registries,
      publishers: compiled,
      candidates: indexPublishers(compiled, issuers),
      sources: this.sources,
      written,
    };
  }

  /** The publishers of the file and of those that it includes. */
  #publishers(file: Cursor): readonly Cursor[] {
    const included = includedFiles(file.at('include'), this.#folder, (folder) => void this.#folders.push(folder)).flatMap(
      ({ shown, path }) => {
        const other = path === resolve(this.#path) ? undefined : this.#read(shown, path);
        if (other === undefined) return [];
        other.parse(includedSchema);
        return other.at('publishers').items;
      },
    );
    return [...file.at('publishers').items, ...included];
  }

  /** A file's value, undefined after its problems were reported. */
  #read(shown: string, path: string): Cursor | undefined {
    this.#files.push(path);
    const read = readRegularFile(path, largestFile);
    if (!read.ok) {
      this.problems.addFile(shown, { code: 'file', message: `the file ${read.problem}` });
      return undefined;
    }
    // Lengths first: no two sets of files give the same bytes to the hash. Replicas may keep the file under other paths.
    this.#revision.update(`${read.bytes.length}:`).update(read.bytes);
    if (read.worldWritable)
      this.problems.addFile(shown, {
        code: 'world-writable',
        message: 'every account of this machine may write to the file',
        hint: `chmod o-w ${shown}`,
      });
    const { source, value } = parseSource(shown, read.bytes, this.problems);
    if (value === undefined) return undefined;
    return new Cursor(this.problems, source, [], value);
  }
}

/** The file without what may hold no variables. */
function withoutPublishers(file: Cursor): Cursor {
  const kept = file.entries.filter(([key]) => ['server', 'store', 'audit', 'tracing', 'issuers', 'registries'].includes(key));
  return new Cursor(file.problems, file.source, [], Object.fromEntries(kept.map(([key, cursor]) => [key, cursor.value])));
}

function digests(section: Cursor): ReadonlyMap<string, string> {
  return new Map(section.entries.map(([name, cursor]) => [name, digest(cursor)]));
}

/** A value as it is written, without showing it. */
function digest({ value }: Cursor): string {
  return createHash('sha256')
    .update(JSON.stringify(value) ?? '')
    .digest('base64');
}
