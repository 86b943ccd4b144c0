// The head of one part of a form: `Content-Disposition` as upload clients write it, perhaps a `Content-Type`, nothing else.

/** Bytes of a part's head (MP-35, MP-36). */
export const headLimit = 1024;

export interface PartHead {
  readonly name: string;
  readonly filename?: string;
}

/**
 * Every parameter once, quoted, in this order; no `filename*`, no escapes, no folding, no other disposition: each of these
 * is read differently by some parser (MP-11 … MP-38, MP-54 … MP-57).
 */
const disposition = /^form-data; name="([:A-Za-z0-9_]{1,64})"(?:; filename="([A-Za-z0-9._+!-]{1,255})")?$/;
const textType = /^text\/plain(?:; ?charset="?utf-?8"?)?$/i;
/** Of a file; what the client says of it is not passed on. A form as a part would be parsed again by Python (MP-50). */
const fileType = /^application\/(?!x-www-form-urlencoded$)[A-Za-z0-9.+-]{1,64}$/i;

/** Reads the bytes before the empty line, or says what is wrong with them as half a sentence. */
export function readPartHead(bytes: Uint8Array): PartHead | string {
  const lines = Buffer.from(bytes).toString('latin1').split('\r\n');
  const seen = new Map<string, string>();
  for (const line of lines) {
    // Printable ASCII: a lone CR or LF, a NUL and bytes above 0x7e are no part of a line here.
    const [, name, value] = /^([A-Za-z-]+): ?([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return 'a part has a header line that is not understood';
    const key = name.toLowerCase();
    if (key !== 'content-disposition' && key !== 'content-type') return `a part has the header ${name}, which no upload client sends`;
    if (seen.has(key)) return `a part has two headers ${name}`;
    seen.set(key, value);
  }
  return checked(seen.get('content-disposition'), seen.get('content-type'));
}

function checked(value: string | undefined, type: string | undefined): PartHead | string {
  if (value === undefined) return 'a part has no Content-Disposition';
  const [, name, filename] = disposition.exec(value) ?? [];
  if (name === undefined) return `a part has a Content-Disposition that is not understood: ${value}`;
  const expected = filename === undefined ? textType : fileType;
  if (type !== undefined && !expected.test(type)) return `the part ${name} has the content type ${type}`;
  return filename === undefined ? { name } : { name, filename };
}
