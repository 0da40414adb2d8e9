import { isIP } from 'node:net'
import { isLoopbackHost } from '../../shared/loopback.ts'
import { isPublicHost } from '../outgoing/addresses.ts'

/** Schemes that run code or read local files in the browser that follows a redirect. */
export const DANGEROUS_SCHEMES: ReadonlySet<string> = new Set(
  'about blob chrome chrome-extension data file filesystem intent jar javascript mailto tel vbscript view-source ws wss'.split(
    ' ',
  ),
)

/** Names that are given out inside of networks, by use or by standard (RFC 6762, RFC 8375). */
const PRIVATE_NAME =
  /^([a-z0-9-]+\.)*(local|lan|internal|home\.arpa|home|intranet|private|corp|localdomain|test)$|^[a-z0-9-]+$/

/** Whether a host is one of a network, which plain http need not leave. @param host exactly as in `URL.hostname` */
export function isPrivateHost(host: string): boolean {
  if (isLoopbackHost(host) || URL.parse(`http://${host}`)?.host !== host) return false
  return isIP(host.replace(/^\[|\]$/g, '')) === 0
    ? PRIVATE_NAME.test(host)
    : !isPublicHost(host, { allowLoopback: false })
}

/** Whether an operator may allow a scheme: one that no browser and no system gives a meaning of its own. */
export const isAllowableScheme = (scheme: string): boolean =>
  /^[a-z][a-z0-9+-]{1,49}$/.test(scheme) &&
  !DANGEROUS_SCHEMES.has(scheme) &&
  !/^(https?|ftps?|sms|ssh|ms-.*)$/.test(scheme)
