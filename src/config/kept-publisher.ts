// A publisher as a policy in force keeps it: its name, what it is found by, and one text with all else, which is read when
// it is asked for. Of tens of thousands most never are, and the garbage collector has three objects of each instead of eighty.
import type { TrustedPublisher } from '../core/publisher.ts';
import { compile, type FreeClaim, type Provider } from '../providers/index.ts';

/** What is known of a publisher without reading its text. */
export type PublisherHead = Pick<TrustedPublisher, 'name' | 'issuer' | 'place' | 'keys' | 'unconstrained'> & {
  /** All else, as `JSON.stringify` has it; equal texts, equal publishers. */
  readonly text: string;
};

/** A publisher as compiled, but for the function that checks tokens. */
export type PlainPublisher = Omit<TrustedPublisher, 'check'> & { readonly claims?: readonly FreeClaim[] };

/** What a text says. */
type Rest = Omit<PlainPublisher, keyof PublisherHead>;

/** The form in which a publisher is kept, and handed from thread to thread. */
export function headOf({ name, issuer, place, keys, unconstrained, ...rest }: PlainPublisher): PublisherHead {
  const written = {
    ...rest,
    from: { ...rest.from, fields: [...rest.from.fields] },
    publish: [...rest.publish],
  };
  return {
    name: copyOf(name),
    issuer,
    place,
    ...(keys === undefined ? {} : { keys: keys.map(copyOf) }),
    ...(unconstrained === undefined ? {} : { unconstrained }),
    text: JSON.stringify(written),
  };
}

/** The publisher again. */
export function plainOf({ text, ...head }: PublisherHead): PlainPublisher {
  return { ...head, ...readText(text) };
}

function readText(text: string): Rest {
  const written = JSON.parse(text) as Rest & {
    readonly from: { readonly fields: Iterable<[string, string[]]> };
    readonly publish: Iterable<[string, []]>;
  };
  return { ...written, from: { ...written.from, fields: new Map(written.from.fields) }, publish: new Map(written.publish) };
}

/** A part of a text would keep the whole text, which is a file, in memory. */
function copyOf(text: string): string {
  return Buffer.from(text).toString();
}

/** A publisher that reads its text at the first question, and keeps what it read. */
export class KeptPublisher implements TrustedPublisher {
  readonly name: string;
  readonly issuer: string;
  readonly place: TrustedPublisher['place'];
  readonly keys: TrustedPublisher['keys'];
  readonly unconstrained: TrustedPublisher['unconstrained'];
  readonly text: string;
  readonly #provider: Provider;
  #read: (Rest & Pick<TrustedPublisher, 'check'>) | undefined;

  constructor({ name, issuer, place, keys, unconstrained, text }: PublisherHead, provider: Provider) {
    this.name = name;
    this.issuer = issuer;
    this.place = place;
    this.keys = keys;
    this.unconstrained = unconstrained;
    this.text = text;
    this.#provider = provider;
  }

  get from(): TrustedPublisher['from'] {
    return this.#rest.from;
  }

  get publish(): TrustedPublisher['publish'] {
    return this.#rest.publish;
  }

  get allow(): TrustedPublisher['allow'] {
    return this.#rest.allow;
  }

  get create(): boolean {
    return this.#rest.create;
  }

  get tag(): TrustedPublisher['tag'] {
    return this.#rest.tag;
  }

  get distTags(): TrustedPublisher['distTags'] {
    return this.#rest.distTags;
  }

  get ttl(): number {
    return this.#rest.ttl;
  }

  get maxUploads(): TrustedPublisher['maxUploads'] {
    return this.#rest.maxUploads;
  }

  get revokedBefore(): TrustedPublisher['revokedBefore'] {
    return this.#rest.revokedBefore;
  }

  get packagesPerMinute(): TrustedPublisher['packagesPerMinute'] {
    return this.#rest.packagesPerMinute;
  }

  get check(): TrustedPublisher['check'] {
    return this.#rest.check;
  }

  get #rest(): Rest & Pick<TrustedPublisher, 'check'> {
    if (this.#read !== undefined) return this.#read;
    const rest = readText(this.text);
    const { from, claims } = rest;
    const check = compile(this.#provider, claims === undefined ? from : { ...from, claims });
    return (this.#read = { ...rest, check });
  }
}
