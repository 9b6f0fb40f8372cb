import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { buildConnector } from 'undici';
import type { Lookup, TargetGuard } from '@promptq/shared/webhooks';
import { BlockedAddressError } from './send-error.ts';

/** The next address of a host is tried after this time. Node's default of 250 ms is too short for distant hosts. */
const addressMs = 1_000;

export interface ConnectorOptions {
  guard: Pick<TargetGuard, 'mayConnect'>;
  /** The time limit from the lookup to the end of the TLS handshake. */
  connectMs: number;
  /** The default is the system's lookup. */
  lookup?: Lookup | undefined;
  /** Certificate authorities that replace the default ones. */
  ca?: SecureContextOptions['ca'] | undefined;
}

/**
 * Opens connections for undici to checked addresses only. The addresses that the lookup returns are checked and then
 * used for the connection, without a second lookup, so a name that changes its address (DNS rebinding) cannot bypass
 * the check.
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
      // This overrides NODE_TLS_REJECT_UNAUTHORIZED.
      rejectUnauthorized: true,
      ca,
    });
  const connectors = new Map(
    ['http:', 'https:'].map((protocol) => [protocol, connectorOf(protocol)]),
  );
  return (target, callback) => {
    const connector = connectors.get(target.protocol);
    const isLiteral = isIP(target.hostname) !== 0;
    // A literal address is never looked up, so it is checked here.
    if (!connector || (isLiteral && !guard.mayConnect(urlOf(target), target.hostname))) {
      queueMicrotask(() => callback(new BlockedAddressError('not allowed'), null));
      return;
    }
    connector(target, callback);
  };
}

/** Like `dns.lookup`, but fails when any of the addresses is not allowed, because the caller may use any of them. */
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
 * Merges concurrent lookups of a name. The system's lookups share a few threads, and ten connections to a host with a
 * slow name server would use them all up.
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
