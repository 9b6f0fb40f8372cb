import { isAddressAllowed, isNameAllowed, hostOf, type AllowedHosts } from './allowed-hosts.ts';
import { isPublicAddress, readAddress } from './public-address.ts';
import { resolver, type Lookup } from './resolver.ts';

/** Why a webhook may not be sent to a URL: the URL is `invalid`, or its host is `forbidden`. Clients see the detail. */
export interface TargetFault {
  kind: 'invalid' | 'forbidden';
  detail: string;
}

export interface TargetGuard {
  /** Checks the URL itself, without a lookup. @returns the fault, or `null` */
  check(url: string): TargetFault | null;
  /**
   * Like `check`, and also looks up the host. This tells the client early, but it is no protection, because the name
   * may have another address when promptq connects. A failed lookup is not a fault.
   */
  resolve(url: string): Promise<TargetFault | null>;
  /** Whether a connection for this URL may be opened to this address. This is the protection. */
  mayConnect(url: URL, address: string): boolean;
}

const notAUrl = fault('invalid', 'Must be a URL, as in https://example.com/webhooks.');
const notHttp = fault('invalid', 'Must begin with https://.');
const noPort = fault('invalid', 'Must not use port 0.');
const hasUser = fault(
  'invalid',
  'Must not contain a user name or a password. Receivers verify the signature instead.',
);
const plainHttp = fault(
  'forbidden',
  'Must begin with https://. Plain HTTP is allowed only for hosts in the setting WEBHOOK_ALLOWED_HOSTS.',
);
const notPublic = fault(
  'forbidden',
  'The host is not public: its address is private or reserved. The operator can allow it in the ' +
    'setting WEBHOOK_ALLOWED_HOSTS.',
);

/**
 * Keeps webhooks out of the operator's network (SSRF). Only HTTPS and public addresses are allowed, except for the
 * hosts that the operator allows. The API checks at submission, the worker at every connection.
 * https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
 */
export function targetGuard(
  allowed: AllowedHosts,
  options: { lookup?: Lookup; now?: () => number } = {},
): TargetGuard {
  const { addressesOf } = resolver(options);
  const addressFault = (url: URL, text: string): TargetFault | null => {
    const address = readAddress(text);
    if (!address) return notPublic;
    if (isNameAllowed(allowed, hostOf(url)) || isAddressAllowed(allowed, address)) return null;
    if (!isPublicAddress(address)) return notPublic;
    return url.protocol === 'https:' ? null : plainHttp;
  };
  const hostFault = (url: URL): TargetFault | null => {
    const host = hostOf(url);
    if (readAddress(host)) return addressFault(url, host);
    if (isNameAllowed(allowed, host)) return null;
    // `localhost` is rejected by name, whatever it resolves to (RFC 6761, section 6.3), unless loopback addresses are
    // allowed.
    if (host === '' || isLocal(host)) {
      return allowsLoopback(allowed) ? null : notPublic;
    }
    const mayBeAllowed = url.protocol === 'https:' || allowed.networks.length > 0;
    return mayBeAllowed ? null : plainHttp;
  };
  const check: TargetGuard['check'] = (text) => {
    const url = URL.parse(text);
    if (!url) return notAUrl;
    if (url.protocol !== 'https:' && url.protocol !== 'http:') return notHttp;
    if (url.username !== '' || url.password !== '') return hasUser;
    if (url.port === '0') return noPort;
    return hostFault(url);
  };
  return {
    check,
    resolve: async (text) => {
      const written = check(text);
      if (written) return written;
      const url = new URL(text);
      const host = hostOf(url);
      if (readAddress(host) || isNameAllowed(allowed, host)) return null;
      for (const address of await addressesOf(host)) {
        const found = addressFault(url, address);
        if (found) return found;
      }
      return null;
    },
    mayConnect: (url, address) => addressFault(url, address) === null,
  };
}

function isLocal(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost');
}

function allowsLoopback(allowed: AllowedHosts): boolean {
  return ['127.0.0.1', '::1'].some((text) => {
    const address = readAddress(text);
    return address !== null && isAddressAllowed(allowed, address);
  });
}

function fault(kind: TargetFault['kind'], detail: string): TargetFault {
  return { kind, detail };
}
