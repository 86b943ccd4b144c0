// Keeps the policy in force up to date with its files: one reading at a time, and a broken file changes nothing.
import type { Audit } from '../audit/event.ts';
import type { Configuration, Sources } from '../config/configuration.ts';
import { printDiagnostics } from '../config/diagnostic.ts';
import { describeChange, needsRestart } from '../config/diff.ts';
import type { Loaded } from '../config/load.ts';
import { fingerprint, type KnownFiles } from '../config/fingerprint.ts';
import type { ServerLog } from './server.ts';

export interface ReloaderParts {
  /** Reads the files. Never rejects for what is in them. */
  readonly load: () => Promise<Loaded>;
  /** Puts a policy in force. */
  readonly use: (configuration: Configuration) => void;
  /** Says why the policy on disk is not in force; undefined when it is. */
  readonly broken: (problem: string | undefined) => void;
  /** Is told what is to be watched, whenever that may have changed. */
  readonly follow: (sources: Sources) => void;
  readonly audit: Audit;
  readonly log: ServerLog;
  /** Milliseconds that the files must have been the same for. */
  readonly settle?: number;
}

export interface Reloader {
  /** Looks whether the files changed, and reads them if so. Calls while it does are answered with one more look (FLT-18). */
  readonly look: () => void;
  /** Resolves when no look is under way. */
  readonly idle: () => Promise<void>;
}

/** Attempts of one look; the next look tries again. */
const mostReadings = 20;

/** @param first the configuration in force */
export function createReloader(first: Configuration, parts: ReloaderParts): Reloader {
  const policy = new Policy(first, parts);
  let looking: Promise<void> | undefined;
  let again = false;
  const run = async (): Promise<void> => {
    do {
      again = false;
      await policy.look().catch((error: unknown) => parts.log.error({ err: error }, 'the policy was not reloaded'));
    } while (again);
    looking = undefined;
  };
  return {
    look: () => {
      if (looking === undefined) looking = run();
      else again = true;
    },
    idle: async () => looking,
  };
}

class Policy {
  readonly #parts: ReloaderParts;
  #inForce: Configuration;
  #sources: Sources;
  readonly #known: KnownFiles = new Map();
  /** Of the files when they were last read. */
  #seen: string;
  /** What was wrong with the files when they were last read. */
  #problems: string | undefined;

  constructor(first: Configuration, parts: ReloaderParts) {
    this.#parts = parts;
    this.#inForce = first;
    this.#sources = first.sources;
    // Not the files as they are now: they may have changed since the configuration was read from them.
    this.#seen = '';
    parts.follow(first.sources);
  }

  async look(): Promise<void> {
    if ((await this.#print()) === this.#seen) return;
    const loaded = await this.#read();
    if (loaded === undefined) return;
    if (!loaded.ok) return this.#keep(printDiagnostics(loaded.diagnostics, { colour: false }));
    if (this.#problems !== undefined) this.#mended();
    if (loaded.configuration.revision !== this.#inForce.revision) await this.#replace(loaded.configuration);
  }

  async #print(): Promise<string> {
    return fingerprint(this.#sources.files, this.#sources.folders, this.#known);
  }

  /**
   * Reads the files when they have come to rest, and again when they changed meanwhile: a half-written file is not taken
   * for a policy, and of two files that are swapped together never one is new and one old (FLT-24).
   */
  async #read(): Promise<Loaded | undefined> {
    for (let readings = 1; readings <= mostReadings; readings += 1) {
      const before = await this.#print();
      await new Promise((resolve) => setTimeout(resolve, this.#parts.settle ?? 100).unref());
      // In a folder that never comes to rest, what did not change while it was read has to do.
      if (before !== (await this.#print()) && readings < mostReadings / 2) continue;
      const started = await this.#print();
      const loaded = await this.#parts.load();
      if (started !== (await this.#print())) continue;
      this.#sources = loaded.ok ? loaded.configuration.sources : loaded.sources;
      this.#parts.follow(this.#sources);
      this.#seen = await this.#print();
      return loaded;
    }
    this.#parts.log.warn({}, 'the policy files change all the time and were not read');
    return undefined;
  }

  async #replace(next: Configuration): Promise<void> {
    const { log, audit, use } = this.#parts;
    const change = await describeChange(this.#inForce, next);
    const restart = needsRestart(this.#inForce, next);
    this.#inForce = next;
    use(next);
    log.info({ policy: next.revision, change }, 'the policy was reloaded');
    if (restart.length > 0) log.warn({ settings: restart }, 'these settings changed and are in force after a restart only');
    audit({ event: 'policy', outcome: 'reloaded', policy: next.revision, detail: change });
  }

  /** The policy in force stays (FLT-22). Told once for the same problems, however often the file is looked at. */
  #keep(problems: string): void {
    const { log, audit, broken } = this.#parts;
    if (problems === this.#problems) return;
    this.#problems = problems;
    const summary = problems.split('\n')[0] ?? '';
    broken(summary);
    log.error({ problems }, 'the policy was not reloaded: it has errors, and the one before stays in force');
    audit({ event: 'policy', outcome: 'reload-failed', policy: this.#inForce.revision, detail: summary });
  }

  #mended(): void {
    this.#problems = undefined;
    this.#parts.broken(undefined);
    this.#parts.log.info({ policy: this.#inForce.revision }, 'the policy files have no errors any more');
  }
}
