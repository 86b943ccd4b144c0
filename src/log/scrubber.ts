// Takes secrets out of a finished line of text: upload tokens, JWTs, Authorization values, passwords in URLs, and literals.

type Shown = string | ((match: string, ...groups: string[]) => string);

/** Beside each pattern what no match can be without: to look for a text costs a tenth of what the pattern does. */
const patterns: readonly [RegExp, Shown, string | RegExp][] = [
  [/(?:pypi-)?csgn_[0-9A-Za-z]{4,}/g, '[upload token]', 'csgn_'],
  // Cut ones too: a claim or a header that was shortened for a message loses its signature, not its claims.
  [/eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*/g, '[identity token]', 'eyJ'],
  [
    /\b(Basic|Bearer)(\s+|%20|\+)([A-Za-z0-9+/=._~%-]+)/gi,
    (match, scheme = '', space = '', value = '') => (isCredential(value) ? `${scheme}${space}[secret]` : match),
    /b(?:asic|earer)/i,
  ],
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^/\s"'@]*:[^/\s"'@]*@/gi, '$1[secret]@', '@'],
  // A backslash is never taken: it may begin the escape of a quote, and the line has to stay JSON.
  [/(\/-\/user\/token\/)[^/\s"'?\\]+/g, '$1[secret]', '/-/user/token/'],
  [/(:_(?:authToken|auth|password)=(?:\\?["'])?)[^\s"'\\]+/gi, '$1[secret]', ':_'],
];

/** Tells a credential from the next word of a sentence: "the bearer of this exchange" stays readable. */
function isCredential(value: string): boolean {
  return value.length >= 20 || (value.length >= 4 && (/[0-9=+/_]/.test(value) || /[a-z][A-Z]/.test(value)));
}

/** Shorter literals would blank out ordinary text and give themselves away by where the gaps are. */
const shortestLiteral = 6;

export interface Scrubber {
  readonly scrub: (text: string) => string;
  /** Adds a literal secret: as it is, in base64, percent-encoded, and as JSON writes it. */
  readonly protect: (secret: string) => void;
}

/** Makes a scrubber without literals (SEC-05). */
export function createScrubber(): Scrubber {
  const literals = new Set<string>();
  return {
    scrub: (text) => {
      let clean = text;
      for (const literal of literals) if (clean.includes(literal)) clean = clean.replaceAll(literal, '[secret]');
      for (const [pattern, shown, sign] of patterns) {
        if (typeof sign === 'string' ? !clean.includes(sign) : !sign.test(clean)) continue;
        clean = typeof shown === 'string' ? clean.replace(pattern, shown) : clean.replace(pattern, shown);
      }
      return clean;
    },
    protect: (secret) => {
      if (secret.length < shortestLiteral) return;
      const base64 = Buffer.from(secret).toString('base64');
      const forms = [secret, base64, base64.replace(/=+$/, ''), encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)];
      for (const form of forms) literals.add(form);
    },
  };
}
