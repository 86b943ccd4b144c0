// Which way a client's own request goes to the upstream: plain reads the lean one, everything else by http-proxy-3. Both sit
// behind the same guard and hold the same rows of the catalogue.
import { createLeanRead } from './lean-read.ts';
import { createPassThrough, type PassThrough, type PassThroughTimeouts } from './pass-through.ts';

/** Schemes that prove each request by itself. NTLM and Negotiate log a connection in, and with it whoever comes next on it (HDR-17). */
const ofOneRequest = /^(?:basic|bearer) /i;

/** Opens both. */
export function createOnward(timeouts: PassThroughTimeouts = { headers: 60_000, idle: 60_000 }): PassThrough {
  const engine = createPassThrough(timeouts);
  const lean = createLeanRead(timeouts);
  return {
    pass: (call, options) => {
      const { method, headers } = call.head;
      const read = (method === 'GET' || method === 'HEAD') && !headers.has('upgrade') && !headers.has('expect');
      const plain = read && ofOneRequest.test(headers.get('authorization') ?? 'Basic ');
      // A plain read goes on in the moment in which it came.
      if (!plain) call.watch?.passed();
      return (plain ? lean : engine).pass(call, options);
    },
    close: () => {
      engine.close();
      lean.close();
    },
  };
}
