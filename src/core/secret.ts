// A credential that does not show itself: in logs, errors, JSON and inspection it is `[secret]`.

const shown = '[secret]';

/** Wraps a secret text. Only `reveal` gives it back; call it where the bytes leave for their one destination. */
export class Secret {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  reveal(): string {
    return this.#text;
  }
  toString(): string {
    return shown;
  }
  toJSON(): string {
    return shown;
  }
  /** What node:util prints. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return shown;
  }
}

/** Where a secret comes from: fixed at load (environment, or written in the file), or a file that is read again when it changes. */
export type SecretSource = { readonly kind: 'value'; readonly value: Secret } | { readonly kind: 'file'; readonly path: string };
