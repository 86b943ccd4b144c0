// Takes our own credential out of what an upstream says, should it echo it (RSP-14). A last line, not the design.
import type { Secret } from '../core/secret.ts';

const mask = '[secret]';
/** What an escape of JSON begins with that stands for a character of ASCII. */
const escape = '\\u00';
/** Shorter ones would blank out ordinary words, and are no secrets. */
const shortest = 6;
/** Characters of a secret's beginning that are told from ordinary text at a cut. */
const shortestPiece = 4;

export interface Scrub {
  readonly text: (text: string) => string;
  /** @param cut the rest of the bytes is not there: a secret may have begun at their end */
  readonly bytes: (bytes: Buffer, cut: boolean) => Buffer;
  /** The chunks as they are; throws where the secret would begin: what was announced as so many bytes cannot be changed. */
  readonly stream: (chunks: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array>;
}

/** @param credential a whole Authorization header, Basic or Bearer */
export function scrub(credential: Secret | undefined): Scrub {
  const secrets = credential === undefined ? [] : formsOf(credential.reveal());
  const needles = secrets.map((secret) => Buffer.from(secret, 'utf8'));
  const longest = Math.max(0, ...needles.map((needle) => needle.length));
  const masked = (given: string): string => secrets.reduce((rest, secret) => rest.replaceAll(secret, mask), given);
  const text = (given: string): string => withoutEscapes(masked(given), masked);
  const found = (bytes: Uint8Array): boolean =>
    needles.some((needle) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(needle));
  return {
    text,
    bytes: (bytes, cut) => {
      const suspect = found(bytes) || bytes.includes(escape) ? bytes.toString('utf8') : '';
      const shown = text(suspect);
      const clean = shown === suspect ? bytes : Buffer.from(shown);
      return cut ? withoutBeginning(clean, needles, longest) : clean;
    },
    stream: async function* (chunks) {
      let held: Buffer = Buffer.alloc(0);
      for await (const chunk of chunks) {
        const bytes = Buffer.concat([held, chunk]);
        if (found(bytes)) throw new Error('the upstream sent the service credential back');
        const sure = Math.max(0, bytes.length - Math.max(0, longest - 1));
        if (sure > 0) yield bytes.subarray(0, sure);
        held = bytes.subarray(sure);
      }
      if (held.length > 0) yield held;
    },
  };
}

/** A JSON writer may escape any character (`\\u0022`, `\\u003c`, as Go does): what is not found plainly is looked for without. */
function withoutEscapes(given: string, masked: (text: string) => string): string {
  if (!given.includes(escape)) return given;
  const plain = given.replaceAll(/\\u00([2-7][0-9a-f])/gi, (_, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return character === '"' || character === '\\' ? `\\${character}` : character;
  });
  const clean = masked(plain);
  return clean === plain ? given : clean;
}

/** The bytes without the beginning of a secret at their very end. */
function withoutBeginning(bytes: Buffer, needles: readonly Buffer[], longest: number): Buffer {
  for (let length = Math.min(longest - 1, bytes.length); length >= shortestPiece; length -= 1) {
    const end = bytes.subarray(bytes.length - length);
    if (needles.some((needle) => needle.length > length && needle.subarray(0, length).equals(end))) return bytes.subarray(0, -length);
  }
  return bytes;
}

/** The credential and the password in it, in the spellings that servers write them: JSON, URL, HTML, base64 in its variants. */
function formsOf(header: string): string[] {
  const [scheme = '', value = ''] = header.split(' ', 2);
  const user = scheme.toLowerCase() === 'basic' ? Buffer.from(value, 'base64').toString('utf8') : '';
  const password = user.slice(user.indexOf(':') + 1);
  const forms = [value, user, password]
    .filter((secret) => secret.length >= shortest)
    .flatMap((secret) => [...spellings(secret), ...inBase64(secret)]);
  // A header is read byte for byte.
  const inHeaders = forms.map((form) => Buffer.from(form, 'utf8').toString('latin1'));
  return [...new Set([...forms, ...inHeaders])].filter((form) => form.length >= shortest).toSorted((a, b) => b.length - a.length);
}

function spellings(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const percent = encodeURIComponent(secret);
  const html = secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const quotes = [
    ['&quot;', '&#x27;'],
    ['&quot;', '&#039;'],
    ['&#34;', '&#39;'],
  ] as const;
  return [
    secret,
    json,
    // A server's JSON quoted in ours.
    JSON.stringify(json).slice(1, -1),
    json.replaceAll('/', '\\/'),
    json.replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
    percent,
    percent.toLowerCase(),
    new URLSearchParams([['', secret]]).toString().slice(1),
    ...quotes.map(([double, single]) => html.replaceAll('"', double).replaceAll("'", single)),
  ];
}

/** Without padding, which is also the beginning of the padded form, in both alphabets. */
function inBase64(secret: string): string[] {
  const plain = Buffer.from(secret, 'utf8').toString('base64').replace(/=+$/, '');
  return [plain, Buffer.from(secret, 'utf8').toString('base64url'), encodeURIComponent(plain)];
}
