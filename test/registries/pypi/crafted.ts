// Bodies and content types of the catalogue (MP rows): around a plain upload of the project `allowed`, each a trick that
// some parser reads as another project, another file or another action. All of them must be refused.
import { BOUNDARY, content, fields, form, part, plain, plainWith } from './forms.ts';

const victim = { ...content, filename: 'victim-1.0.tar.gz' };
export const ev = part(victim).toString('latin1');
export const whole = form(plain).toString('latin1');
const end = `--${BOUNDARY}--\r\n`;
const upToEnd = whole.slice(0, -end.length);
const before = form(plain.filter((each) => each.name !== 'content'))
  .toString('latin1')
  .slice(0, -end.length);

/** `plain` with the head of its content replaced by these lines. */
export function withHead(...lines: string[]): string {
  return `${before}--${BOUNDARY}\r\n${lines.join('\r\n')}\r\n\r\ndata\r\n${end}`;
}
/** `plain` with one more text part with this head in front. */
export function withPart(head: string, value = 'victim'): string {
  return `--${BOUNDARY}\r\n${head}\r\n\r\n${value}\r\n${whole}`;
}
/** Two harmless fields in front of `plain`, with this in place of the line end before the second one's boundary. */
export const betweenFields = (between: string): string =>
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="summary"\r\n\r\nsome text${between}${part({ name: 'author', value: 'x' }).toString('latin1')}${whole}`;
export const lf = (text: string): string => text.replaceAll('\r\n', '\n');
export const disposition = 'Content-Disposition: form-data; name="content"; filename="allowed-1.0.tar.gz"';
export const named = (name: string): string => `Content-Disposition: form-data; name="${name}"`;

/** Bodies of the catalogue, as latin1 text. Each must be refused. */
export const crafted: readonly (readonly [string, string])[] = [
  ['MP-01: a second name', form([...plain, ...fields(['name', 'victim'])]).toString('latin1')],
  ['MP-01: a second name before the first', form([...fields(['name', 'victim']), ...plain]).toString('latin1')],
  ['MP-02: two contents', `${upToEnd}${ev}${end}`],
  ['MP-02: two :action', form([...fields([':action', 'file_upload']), ...plain]).toString('latin1')],
  ['MP-02: two version', form([...plain, ...fields(['version', '1.0'])]).toString('latin1')],
  ['MP-02: two filetype', form([...plain, ...fields(['filetype', 'sdist'])]).toString('latin1')],
  ['MP-04: a bare LF before the boundary', `${upToEnd.slice(0, -2)}\n${ev}${end}`],
  ['MP-04: a bare LF before the boundary of a harmless field', betweenFields('\n')],
  ['MP-08: a bare CR before the boundary of a harmless field', betweenFields('\r')],
  ['a boundary in the middle of a line', betweenFields('some text')],
  ['MP-05: a whole part with LF inside a value', form([...plain, ...fields(['description', `x\n${lf(ev)}`])]).toString('latin1')],
  [
    'MP-06: a hidden name with LF inside a value',
    form(plainWith({ description: `x\n--${BOUNDARY}\n${named('name')}\n\nvictim` })).toString('latin1'),
  ],
  ['MP-08: CR only', whole.replaceAll('\r\n', '\r')],
  ['MP-08: LF only', lf(whole)],
  ['MP-09: boundary and a space', `${upToEnd}${ev.replace(`--${BOUNDARY}\r\n`, `--${BOUNDARY} \r\n`)}${end}`],
  ['MP-10: boundary and a tab', `${upToEnd}${ev.replace(`--${BOUNDARY}\r\n`, `--${BOUNDARY}\t\r\n`)}${end}`],
  ['MP-11: attachment in place of form-data', withHead('Content-Disposition: attachment; name="content"; filename="allowed-1.0.tar.gz"')],
  ['MP-11: a name as attachment', withPart('Content-Disposition: attachment; name="summary"')],
  ['MP-13: no disposition type', withHead('Content-Disposition: ; name="content"; filename="allowed-1.0.tar.gz"')],
  ['MP-14: two filenames', withHead(`${disposition}; filename="victim-1.0.tar.gz"`)],
  [
    'MP-15: two filenames the other way',
    withHead('Content-Disposition: form-data; name="content"; filename="victim-1.0.tar.gz"; filename="allowed-1.0.tar.gz"'),
  ],
  ['MP-16: filename and filename*', withHead(`${disposition}; filename*=UTF-8''victim-1.0.tar.gz`)],
  [
    'MP-16: filename* first',
    withHead(`Content-Disposition: form-data; name="content"; filename*=UTF-8''allowed-1.0.tar.gz; filename="victim-1.0.tar.gz"`),
  ],
  ['MP-17: filename* only', withHead(`Content-Disposition: form-data; name="content"; filename*=UTF-8''allowed-1.0.tar.gz`)],
  ['MP-18: filename in pieces', withHead(`Content-Disposition: form-data; name="content"; filename*0="allowed"; filename*1="-1.0.tar.gz"`)],
  ['MP-19: two names', withPart('Content-Disposition: form-data; name="summary"; name="name"')],
  ['MP-20: two names the other way', withPart('Content-Disposition: form-data; name="name"; name="summary"')],
  ['MP-21: name and name*', withPart(`Content-Disposition: form-data; name="summary"; name*=UTF-8''name`)],
  ['MP-22: name* only', withPart(`Content-Disposition: form-data; name*=UTF-8''summary`)],
  ['MP-28: unquoted filename', withHead('Content-Disposition: form-data; name="content"; filename=allowed-1.0.tar.gz')],
  ['MP-28: unquoted name', withPart('Content-Disposition: form-data; name=summary')],
  ['MP-30: FILENAME', withHead(`${disposition}; FILENAME="victim-1.0.tar.gz"`)],
  ['MP-31: no semicolon', withHead('Content-Disposition: form-data; name="content" filename="allowed-1.0.tar.gz"')],
  ['MP-31: two semicolons', withHead('Content-Disposition: form-data; name="content";; filename="allowed-1.0.tar.gz"')],
  ['MP-32: a folded header', withHead('Content-Disposition: form-data; name="content";', ' filename="allowed-1.0.tar.gz"')],
  ['MP-33: a fold before the name', withHead('Content-Disposition: form-data;', ' name="content"; filename="allowed-1.0.tar.gz"')],
  ['MP-34: a space before the colon', withHead(disposition.replace(':', ' :'))],
  ['MP-34: a leading space', withHead(` ${disposition}`)],
  ['MP-34: an empty line with a space', withHead(disposition, ' ')],
  ['MP-35: 2,001 headers in a part', withHead(...Array.from({ length: 2001 }, () => 'a: b'), disposition)],
  ['MP-36: a header of 20 kB', withHead(`X-Pad: ${'x'.repeat(20_000)}`, disposition)],
  ['MP-36: a disposition of 20 kB', withHead(disposition.replace('allowed', 'a'.repeat(20_000)))],
  ['MP-37: LF in a part head', withHead(`${disposition}\nContent-Type: application/octet-stream`)],
  ['MP-38: NUL in a header', withHead(disposition.replace('allowed', 'allowed\0'))],
  ['MP-38: CR in a header', withHead(disposition.replace('allowed', 'allowed\r'))],
  ['MP-39: a boundary that begins another', `${before}${part({ ...content, value: `x\r\n--${BOUNDARY}X\r\ny` }).toString('latin1')}${end}`],
  ['MP-41: data behind the end', `${whole}${ev}${end}`],
  ['MP-41: one byte behind the end', `${whole}x`],
  ['MP-41: a second line end behind the end', `${whole}\r\n`],
  ['MP-42: a preamble', `preamble\r\n${whole}`],
  ['MP-42: two line ends first', `\r\n\r\n${whole}`],
  ['MP-42: a preamble with an LF boundary', `x\n${lf(ev)}\r\n${whole}`],
  ['MP-43: no end', upToEnd],
  ['MP-43: half an end', whole.slice(0, -5)],
  ['MP-46: Content-Transfer-Encoding on content', withHead(disposition, 'Content-Transfer-Encoding: base64')],
  ['MP-46: Content-Transfer-Encoding on a field', withPart(`${named('summary')}\r\nContent-Transfer-Encoding: base64`)],
  ['MP-47: utf-16le on a field', withPart(`${named('summary')}\r\nContent-Type: text/plain; charset=utf-16le`)],
  ['MP-48: utf-7 on a field', withPart(`${named('summary')}\r\nContent-Type: text/plain; charset=utf-7`)],
  ['MP-49: _charset_', withPart(named('_charset_'), 'utf-7')],
  ['MP-50: a form as a field', withPart(`${named('summary')}\r\nContent-Type: application/x-www-form-urlencoded`)],
  ['MP-50: a form as the file', withHead(disposition, 'Content-Type: application/x-www-form-urlencoded')],
  ['MP-50: a multipart as the file', withHead(disposition, 'Content-Type: multipart/mixed; boundary=x')],
  ['MP-52: Content-Length of a part', withHead(disposition, 'Content-Length: 1')],
  ['MP-52: Content-Encoding of a part', withHead(disposition, 'Content-Encoding: gzip')],
  ['two Content-Disposition', withHead(disposition, disposition.replace('allowed', 'victim'))],
  ['two Content-Type', withHead(disposition, 'Content-Type: application/gzip', 'Content-Type: application/gzip')],
  ['a part without any header', `--${BOUNDARY}\r\n\r\nvictim\r\n${whole}`],
  ['a part whose data begins with the boundary', `--${BOUNDARY}\r\n${named('summary')}\r\n\r\n--${BOUNDARY}\r\n${whole}`],
  ['MP-53: a name with a filename', withPart('Content-Disposition: form-data; name="summary"; filename="x"')],
  ['MP-53: content without a filename', withHead('Content-Disposition: form-data; name="content"')],
  ['MP-53: an empty filename', withHead('Content-Disposition: form-data; name="content"; filename=""')],
  ...['../allowed-1.0.tar.gz', 'a/allowed-1.0.tar.gz', 'C:\\\\allowed-1.0.tar.gz', 'x\\\\allowed-1.0.tar.gz'].map(
    (name): readonly [string, string] => [`MP-54: the file name ${name}`, withHead(disposition.replace('allowed-1.0.tar.gz', name))],
  ),
  ...[
    'allowed-1.0.tar.gz\0',
    'a\\"-1.0.tar.gz',
    'a%22-1.0.tar.gz',
    'a;b-1.0.tar.gz',
    'allowed-1.0.tar.gz.',
    'allowed-1.0.tar.gz ',
    '.',
    '..',
    'con',
    `${'a'.repeat(300)}-1.0.tar.gz`,
  ].map((name): readonly [string, string] => [
    `MP-55: the file name ${JSON.stringify(name.slice(0, 30))}`,
    withHead(disposition.replace('allowed-1.0.tar.gz', name)),
  ]),
  ...[
    'all\xc3\xb6wed-1.0.tar.gz',
    'all\xf6wed-1.0.tar.gz',
    '=?utf-8?q?allowed?=-1.0.tar.gz',
    '\xc0\xaeallowed-1.0.tar.gz',
    '\xef\xbb\xbfallowed-1.0.tar.gz',
  ].map((name): readonly [string, string] => [
    `MP-56: the file name ${JSON.stringify(name)}`,
    withHead(disposition.replace('allowed-1.0.tar.gz', name)),
  ]),
  ...['Name', 'name ', 'n%61me', 'na\\me', "'name'", 'name\0x', 'name[]', 'name.0', ':Action', ':action ', 'NAME', 'action'].map(
    (name): readonly [string, string] => [`MP-57: the field ${JSON.stringify(name)}`, withPart(named(name))],
  ),
  ['MP-57: NAME= as the parameter', withPart('Content-Disposition: form-data; NAME="summary"')],
  ['MP-58: NUL in a value', form(plainWith({ summary: 'a\0b' })).toString('latin1')],
  ['MP-58: a name with space and line end', form(plainWith({ name: ' allowed\r\n' })).toString('latin1')],
  ['MP-58: an empty name', form(plainWith({ name: '' })).toString('latin1')],
  ['MP-58: name UNKNOWN', form(plainWith({ name: 'UNKNOWN' })).toString('latin1')],
  ['MP-58: a name of 2 MiB', form(plainWith({ name: 'a'.repeat(2 << 20) })).toString('latin1')],
  ['MP-56: a value that is not UTF-8', withPart(named('summary'), '\xff\xfe')],
  ['MP-56: a value with overlong UTF-8', withPart(named('summary'), '\xc0\xae')],
  [
    'MP-61: the signature of another file',
    form([{ ...content, name: 'gpg_signature', filename: 'victim-1.0.tar.gz.asc' }, ...plain]).toString('latin1'),
  ],
  [
    'MP-61: two signatures',
    form([0, 1].map(() => ({ ...content, name: 'gpg_signature', filename: 'allowed-1.0.tar.gz.asc' })).concat(plain as never)).toString(
      'latin1',
    ),
  ],
  ['MP-61: a signature without a file name', form([...fields(['gpg_signature', 'x']), ...plain]).toString('latin1')],
  ['MP-62: attestations as a file', form([{ ...content, name: 'attestations', filename: 'x.json' }, ...plain]).toString('latin1')],
  ['MP-62: an unknown file', form([{ ...content, name: 'evil', filename: 'allowed-1.0.tar.gz' }, ...plain]).toString('latin1')],
  ['MP-62: an unknown field', form([...fields(['evil', 'x']), ...plain]).toString('latin1')],
  ['an empty form', end],
  ['an empty body', ''],
  ['urlencoded text', ':action=remove_pkg&name=victim&version=1.0'],
];

/** Content types in place of `multipart/form-data; boundary=…`; the body is the plain upload. */
export const craftedTypes: readonly (readonly [string, string])[] = [
  ['MP-25: two boundaries', `multipart/form-data; boundary=${BOUNDARY}; boundary=C`],
  ['MP-25: two boundaries the other way', `multipart/form-data; boundary=C; boundary=${BOUNDARY}`],
  ['MP-27: multipart/mixed', `multipart/mixed; boundary=${BOUNDARY}`],
  ['MP-27: multipart/related', `multipart/related; boundary=${BOUNDARY}`],
  ['MP-27: multipart/form-data-x', `multipart/form-data-x; boundary=${BOUNDARY}`],
  ['MP-27: Multipart/Form-Data', `Multipart/Form-Data; boundary=${BOUNDARY}`],
  ['HDR-11: a list of types', `application/json, multipart/form-data; boundary=${BOUNDARY}`],
  ['a quoted boundary', `multipart/form-data; boundary="${BOUNDARY}"`],
  ['a charset', `multipart/form-data; charset=utf-8; boundary=${BOUNDARY}`],
  ['a charset behind', `multipart/form-data; boundary=${BOUNDARY}; charset=utf-8`],
  ['no boundary', 'multipart/form-data'],
  ['an empty boundary', 'multipart/form-data; boundary='],
  ['BOUNDARY=', `multipart/form-data; BOUNDARY=${BOUNDARY}`],
  ['boundary*=', `multipart/form-data; boundary*=UTF-8''${BOUNDARY}`],
  ['a boundary with a space', 'multipart/form-data; boundary=a b'],
  ['a boundary of 71 characters', `multipart/form-data; boundary=${'b'.repeat(71)}`],
  ['a trailing semicolon', `multipart/form-data; boundary=${BOUNDARY};`],
  ['text/plain, which bottle reads as a form', 'text/plain'],
  ['a form', 'application/x-www-form-urlencoded'],
  ['JSON, which devpi takes for a push', 'application/json'],
  ['no type at all', ''],
];
