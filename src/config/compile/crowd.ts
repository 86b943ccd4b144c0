// All publishers of a policy beside each other, for warnings that take more than one of them. Of each the text is kept, and
// read when it is compared; what is found is told in the order of the files, so that no file has to be in memory twice.
import type { Provider } from '../../providers/index.ts';
import { Cursor } from '../cursor.ts';
import { plainOf, type PlainPublisher, type PublisherHead } from '../kept-publisher.ts';
import type { Path } from '../locate.ts';
import type { Problems } from '../problems.ts';
import type { WarningCode } from '../rules.ts';
import type { Source } from '../source.ts';
import type { Sections } from './sections.ts';

/** One publisher of the crowd, by its position. */
export interface Member {
  readonly at: number;
  readonly publisher: PlainPublisher;
  readonly provider: Provider | undefined;
}

interface Origin {
  readonly source: Source;
  /** Position in the file's list. */
  readonly index: number;
}

interface Warning {
  readonly at: number;
  /** Below the publisher. */
  readonly path: Path;
  readonly code: WarningCode;
  readonly message: string;
}

export class Crowd {
  readonly heads: PublisherHead[] = [];
  readonly #origins: Origin[] = [];
  readonly #issuers: Sections['issuers'];
  readonly #warnings: Warning[] = [];

  constructor(issuers: Sections['issuers']) {
    this.#issuers = issuers;
  }

  add(head: PublisherHead, source: Source, index: number): void {
    this.heads.push(head);
    this.#origins.push({ source, index });
  }

  member(at: number): Member | undefined {
    const head = this.heads[at];
    return head === undefined ? undefined : { at, publisher: plainOf(head), provider: this.#issuers.get(head.issuer)?.provider };
  }

  warn(at: number, path: Path, code: WarningCode, message: string): void {
    this.#warnings.push({ at, path, code, message });
  }

  /** Reports what was found. */
  tell(problems: Problems): void {
    let last: Source | undefined;
    for (const { at, path, code, message } of this.#warnings.toSorted((a, b) => a.at - b.at)) {
      const origin = this.#origins[at];
      if (origin === undefined) continue;
      const { source, index } = origin;
      if (source !== last) last?.forget();
      last = source;
      let cursor = new Cursor(problems, source, source.value()).at('publishers').at(index);
      for (const step of path) cursor = cursor.at(step);
      cursor.warn(code, message);
    }
    last?.forget();
  }
}
