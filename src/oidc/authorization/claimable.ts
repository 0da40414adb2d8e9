import { isLoopbackHost } from '../../shared/loopback.ts'
/**
 * Whether somebody else than the client may be at a redirect URI: a private-use scheme is any program's that asks the system for it
 * (RFC 8252 §7.1, §8.6), a host by plain http whoever's that is in the network. Loopback is judged by what the client is.
 */
export function isClaimable(redirectUri: unknown): boolean {
  const url = typeof redirectUri === 'string' ? URL.parse(redirectUri) : null
  if (url === null) return false
  return url.protocol === 'http:' ? !isLoopbackHost(url.hostname) : url.protocol !== 'https:'
}
