import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { buildConnector } from 'undici';
import type { Lookup, TargetGuard } from '@promptq/shared/webhooks';
import { BlockedAddressError } from './send-error.ts';

/** Of several addresses of a host, the next is tried after so long; Node's 250 ms is short for the other side of the world. */
const addressMs = 1_000;

export interface ConnectorOptions {
  guard: Pick<TargetGuard, 'mayConnect'>;
  /** From the look-up to the end of the TLS handshake. */
  connectMs: number;
  /** The system's by default. */
  lookup?: Lookup | undefined;
  /** Certificate authorities instead of the usual ones. */
  ca?: SecureContextOptions['ca'] | undefined;
}

/**
 * Opens connections for undici, to checked addresses only: what the look-up answers is checked and then
 * connected to, with nothing between, so a name that changes its address (DNS rebinding) finds no gap.
 */
export function checkedConnector(options: ConnectorOptions): buildConnector.connector {
  const { guard, connectMs, ca } = options;
  const lookup = coalesceLookups(options.lookup ?? systemLookup);
  const connectorOf = (protocol: string) =>
    buildConnector({
      timeout: connectMs,
      lookup: checkedLookup(protocol, guard, lookup),
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: addressMs,
      allowH2: false,
      // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
      rejectUnauthorized: true,
      ca,
    });
  const connectors = new Map(
    ['http:', 'https:'].map((protocol) => [protocol, connectorOf(protocol)]),
  );
  return (target, callback) => {
    const connector = connectors.get(target.protocol);
    const isLiteral = isIP(target.hostname) !== 0;
    // An address never reaches the look-up.
    if (!connector || (isLiteral && !guard.mayConnect(urlOf(target), target.hostname))) {
      queueMicrotask(() => callback(new BlockedAddressError('not allowed'), null));
      return;
    }
    connector(target, callback);
  };
}

/** As `dns.lookup`, and fails when any of the addresses is not allowed: which one is used is not ours to say. */
function checkedLookup(
  protocol: string,
  guard: Pick<TargetGuard, 'mayConnect'>,
  lookup: Lookup,
): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { all: true, verbatim: true }, (error, addresses) => {
      const [first] = error ? [] : addresses;
      if (!first) {
        const none = Object.assign(new Error('the name has no address'), { code: 'ENOTFOUND' });
        callback(error ?? none, '');
        return;
      }
      const url = urlOf({ protocol, hostname });
      if (!addresses.every(({ address }) => guard.mayConnect(url, address))) {
        callback(new BlockedAddressError('not allowed'), '');
        return;
      }
      if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

function urlOf({ protocol, hostname }: { protocol: string; hostname: string }): URL {
  return new URL(`${protocol}//${hostname.includes(':') ? `[${hostname}]` : hostname}`);
}

/**
 * Asks once at a time for each name: the system's look-ups share a few threads, and ten connections to a host
 * with a slow name server would take them all from the others.
 */
function coalesceLookups(lookup: Lookup): Lookup {
  type Callback = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;
  const waiting = new Map<string, Callback[]>();
  return (hostname, options, callback) => {
    const pending = waiting.get(hostname);
    if (pending) {
      pending.push(callback);
      return;
    }
    const callbacks = [callback];
    waiting.set(hostname, callbacks);
    lookup(hostname, options, (error, addresses) => {
      waiting.delete(hostname);
      for (const call of callbacks) call(error, addresses);
    });
  };
}
