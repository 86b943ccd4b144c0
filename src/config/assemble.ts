// Puts a configuration together from what was found in the files: at once, or piece by piece as another thread hands it over.
import { PublisherIndex } from './candidates.ts';
import type { Sections } from './compile/sections.ts';
import type { Configuration } from './configuration.ts';
import type { Diagnostic } from './diagnostic.ts';
import { KeptPublisher, type PublisherHead } from './kept-publisher.ts';
import type { Findings } from './load.ts';

/** A configuration whose publishers come one after the other. */
export class Assembly {
  readonly #sections: Sections;
  readonly #publishers: KeptPublisher[] = [];
  readonly #warnings: Diagnostic[] = [];
  readonly #index: PublisherIndex;

  constructor(sections: Sections) {
    this.#sections = sections;
    this.#index = new PublisherIndex(sections.issuers);
  }

  add(heads: readonly PublisherHead[]): void {
    for (const head of heads) {
      const issuer = this.#sections.issuers.get(head.issuer);
      if (issuer === undefined) throw new Error(`the publisher ${head.name} has no issuer`);
      // The issuer's own text: a copy for each publisher would be megabytes of one word.
      const publisher = new KeptPublisher({ ...head, issuer: issuer.name }, issuer.provider);
      this.#publishers.push(publisher);
      this.#index.add(publisher);
    }
  }

  warn(warnings: readonly Diagnostic[]): void {
    for (const warning of warnings) this.#warnings.push(warning);
  }

  /** @param found what else is known of the files */
  configuration(found: Pick<Configuration, 'revision' | 'sources' | 'written'>): Configuration {
    const { revision, sources, written } = found;
    return {
      ...this.#sections,
      revision,
      sources,
      written,
      publishers: this.#publishers,
      candidates: (claims) => this.#index.candidates(claims),
      warnings: this.#warnings,
    };
  }
}

export function assemble(findings: Findings, sections: Sections): Configuration {
  const assembly = new Assembly(sections);
  assembly.add(findings.publishers);
  assembly.warn(findings.warnings);
  return assembly.configuration(findings);
}
