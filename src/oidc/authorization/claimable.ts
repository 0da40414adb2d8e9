import { isLoopbackHost } from '../../shared/loopback.ts'
/**
 * Whether an attacker may receive what is sent to a redirect URI: any program can claim a private-use scheme at the operating system
 * (RFC 8252 §7.1, §8.6), and an attacker in the network can answer for a host by plain http. Loopback is judged by what the client is.
 */
export function isClaimable(redirectUri: unknown): boolean {
  const url = typeof redirectUri === 'string' ? URL.parse(redirectUri) : null
  if (url === null) return false
  return url.protocol === 'http:' ? !isLoopbackHost(url.hostname) : url.protocol !== 'https:'
}
