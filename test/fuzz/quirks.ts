// One payload for each parser bug of the HTTP Garden's list (TROPHIES.md): the server bugs, the transducer bugs and the bonus bugs.
import type { Packet } from './http.ts';

/** The number in the list (s: server, t: transducer, b: bonus) and the bytes. */
type Quirk = readonly [number: string, text: string];

const hidden = 'GET /smuggled HTTP/1.1\r\nHost: $HOST\r\n\r\n';
const hiddenLength = String(hidden.length + '127.0.0.1:65535'.length - '$HOST'.length);
/** A read with these lines behind its Host; each ends in a line end of its own. */
const get = (lines: string, body = ''): string => `GET /npm/item HTTP/1.1\r\nHost: $HOST\r\n${lines}\r\n${body}`;
/** A write with somebody's own token, which goes on to the upstream as such. */
const put = (lines: string, body = ''): string =>
  `PUT /npm/item HTTP/1.1\r\nHost: $HOST\r\nAuthorization: Bearer of-somebody\r\n${lines}\r\n${body}`;
const te = 'Transfer-Encoding: chunked\r\n';

const onLines: readonly Quirk[] = [
  ['s2', get('Header: v\0\ralue\r\n')],
  ['s3', put(`Content-Length : ${hiddenLength}\r\n`, hidden)],
  ['s4', `GET /npm/item HTTP/1.1\r\n\tContent-Length: 1\r\nHost: $HOST\r\n\r\nX`],
  ['s5', 'GET /npm/item HTTP/1.32\r\nHost: $HOST\r\n\r\n'],
  ['s6', 'G=":<>(e),[T];?" /npm/item HTTP/1.1\r\nHost: $HOST\r\n\r\n'],
  ['s7', 'GET ! HTTP/1.1\r\nHost: $HOST\r\n\r\n'],
  ['s8', get('\xefoo: bar\r\n')],
  ['s9', 'GET /npm/item\nHTTP/1.1\r\nHost: $HOST\r\n\r\n'],
  ['s13', get('Visible: :/\rSmuggled: :)\r\n')],
  ['s14', get('\x01\x02\x1f "(),/;<=>?@[/]{}: whatever\r\n')],
  ['s15', 'GET /npm/item HTTP/\r\r1.1\r\nHost: $HOST\r\n\r\n'],
  ['s18', 'GET /npm/item HTTP/1.1\r\n: ignored\r\nHost: $HOST\r\n\r\n'],
  ['s19', get(`Useless:\n\n${hidden}`)],
  ['s24', 'GET /npm/item HTTP/4294967295.255\r\nHost: $HOST\r\n\r\n'],
  ['s27', get(':\r\nI: am chopped off\r\n')],
  ['s28', put('Content-Length 10\r\n', '0123456789')],
  ['s30', `GET /npm/item HTTP/1.1\r\nHost: $HOST\r\n\r\rZ${hidden}`],
  ['s34', get('Header: va\rlue\r\n')],
  ['s35', get('Test: test\0dropped\r\nConnection: close\r\n')],
  ['s37', put('Transfer-\r\nEncoding: chunked\r\nContent-Length: 5\r\n', '0\r\n\r\n')],
  ['s40', '\0 / HTTP/............0596.7407.\r\n\r\n'],
  ['s41', get('User: \x85admin\xa0\r\n')],
  ['s43', get('Evil: evil\0\r\n')],
  ['s45', get('Connection: close\r\n', 'Invalid\r\n\r\n')],
  ['s46', put(`Transfer-Encoding: \xffchunked\xff\r\n`, '1\r\nZ\r\n0\r\n\r\n')],
  ['s46 in Host', 'GET /npm/item HTTP/1.1\r\nHost: \xff$HOST\xff\r\n\r\n'],
  ['t6', get('Header\x85: value\r\n')],
  ['t10', get('Invalid-Header: this\rvalue\ris\rinvalid\r\n')],
  ['t12', 'GET /npm/item HTTP/1.1\r\nHost: $HOST\0.evil.example\r\n\r\n'],
  ['t14', get('Te\nst: test\r\nConnection: close\r\n')],
  ['t16', 'GET /npm/item HTTP/1.1\nHost: $HOST\nConnection: close\n\n'],
  ['t20', get('a:b\r\nc\0\r\n')],
  ['b1', put('Content-Length: 0\r\n')],
  ['b2', get('')],
  ['b5', 'GET / HTTP/1.1\r\nHost: $HOST\r\n\r\n'],
  ['bb1', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x04\0\0\0\0\0\0\0E\x01\x05\0\0\0\x01\0\n:authority\tlocalhost\0\x05:path\x01/\0\x07:method\x03GET\0\x05test1\x03\ta\t'],
  ['bb2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x04\0\0\0\0\0\0\0=\x01\x05\0\0\0\x01\0\n:authority\tlocalhost\0\x05:path\x01/\0\0\0'],
]; // prettier-ignore

const onLengths: readonly Quirk[] = [
  ['s10', put('Content-Length: +1_0\r\n', '0123456789')],
  ['s16', put('Content-Length: \r\n')],
  ['s20', put('Content-Length\x85: 10\r\n', '0123456789')],
  ['s23, t22', put(`Content-Length: ${hiddenLength}\r\nContent-Length: 0\r\n`, hidden)],
  ['s26', put('Content-Length: -48\r\n')],
  ['s29', put('Content-Length: 1Z\r\n', 'Z')],
  ['s32', put('Content-Length: 010\r\n', '0123456789')],
  ['s33', put(`Content-Length: 0\r\nContent-Length: ${hiddenLength}\r\n`, hidden)],
  ['s38', put('Content-Length: \r\n', hidden)],
  ['s42, t11', put(`Content-Length: \r\nContent-Length: ${hiddenLength}\r\n`, hidden)],
  ['s48', put('Content-Length: 0\r\nConnection:keep-alive\r\nid: 0\r\n', put(`Content-Length: ${hiddenLength}\r\n`, hidden))],
  ['t1', put('Content-Length: 0x10\r\n', 'Z')],
  ['t5', get('content-length: \r\n')],
  ['t21', get(`Content-Length: ${hiddenLength}\r\n`, hidden)],
]; // prettier-ignore

const onChunks: readonly Quirk[] = [
  ['s1, s22', put(te, `0_2e\r\n\r\n${hidden}0\r\n\r\n`)],
  ['s11, t25', put(te + te, '1\r\nZ\r\n0\r\n\r\n')],
  ['s12', put('Transfer-Encoding: \xa0chunked\xa0\r\n', '0\r\n\r\n')],
  ['s17', put(te, '\r\n\r\n')],
  ['s21, t9', put('Transfer-Encoding: ,chunked\r\n', '0\r\n\r\n')],
  ['s21, t15, t18', put('Transfer-Encoding: ,chunked\r\nContent-Length: 5\r\n', `0\r\n\r\n${hidden}`)],
  ['s25', put(te, `0x5\r\nhello\r\n0\r\n\r\n${hidden}`)],
  ['s31', put(te, `5\r\r;ABCD\r\n34\r\nE\r\n0\r\n\r\n${hidden}0\r\n\r\n`)],
  ['s36', put(te, `41;a=b\r\r${'X'.repeat(65)}\r\n0\r\n\r\n${hidden}`)],
  ['s39', put(te, `0\r\nX:POST /smuggled HTTP/1.1\r\n\r\n`)],
  ['s44', put('Transfer-Encoding: blegh\r\n', `1\r\nZ\r\n0\r\n\r\n${hidden}`)],
  ['s47', put(te, `INVALID!!!\r\n${hidden}`)],
  ['t2', put(te, 'Z\r\nZZ\r\nZZZ\r\n\r\n')],
  ['t3', put(te, `2\r\r;a\r\n02\r\n41\r\n0\r\n\r\n${hidden}0\r\n\r\n`)],
  ['t4', put(te, '1\r0\n')],
  ['t7', put(te, '1these-bytes-never-get-validated\r\nZ\r\n0\r\n\r\n')],
  ['t13', put(te, 'a\r\n0123456789\n0\r\n\r\n')],
  ['t17', put(te, `29\r\n0\r\n\r\n${hidden}\r\n\r\n0\r\n\r\n`)],
  ['t19', put(te, '-0x0\r\n\r\n')],
  ['t23', put(`Content-Length: 5\r\n${te}`, `0\r\n\r\n${hidden}`)],
  ['t24', put(te, '           0\r\n\r\n')],
  ['b3', put(te, '0\r\n\r\n\0')],
  ['b4', put(te, '1\r\nZ\r\n0\r\n\r\n')],
]; // prettier-ignore

/** All of them. None is split; each goes on a connection of its own. */
export const quirks: readonly { readonly number: string; readonly packet: Packet }[] = [...onLines, ...onLengths, ...onChunks].map(
  ([number, text]) => ({ number, packet: { text } }),
);
