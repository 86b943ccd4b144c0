// Strict base64url (RFC 4648 section 5, without padding, as RFC 7515 section 2 demands).

/**
 * The bytes, or undefined unless this text is the one and only way to write them: no `+ / =`, no white space, no stray
 * bits in the last character. Otherwise one signed token could be presented under many spellings (JWT-20, JWT-22).
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
