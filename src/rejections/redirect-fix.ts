import { isLoopbackHost } from '../shared/loopback.ts'
/** How the redirect URI that was sent differs from the registered one that it may join. */
export type FixKind = 'trailing_slash' | 'path_case' | 'loopback_port' | 'path'

/** What one click may do: register the URI that was sent. */
export interface RedirectFix {
  kind: FixKind
  /** What would be registered: exactly what was sent. */
  add: string
  /** The registered URI that it is like, and may take the place of. */
  beside: string
}

/** The nearest first. */
const KINDS: readonly FixKind[] = ['trailing_slash', 'path_case', 'loopback_port', 'path']

/**
 * A URI whose every character means what it seems to: the parser gives it back as it is. So there is no user name before
 * the host, no default port written out, no dot segment, no backslash, nothing percent-encoded, no host in capitals or
 * another alphabet.
 */
function plain(uri: string): URL | undefined {
  const url = URL.parse(uri)
  if (url === null || (url.href !== uri && url.href !== `${uri}/`)) return undefined
  if (url.username !== '' || url.password !== '' || url.hash !== '' || uri.includes('#')) return undefined
  if (!/^[\x21-\x7e]+$/.test(uri) || /[*\\"'<>@%]|\?$/.test(uri) || url.pathname.includes('//'))
    return undefined
  if (url.protocol === 'https:') return url
  return url.protocol === 'http:' && isLoopbackHost(url.hostname) ? url : undefined
}

/** What differs, if it is one of the things that may be put right here; else undefined. */
export function fixKind(sent: string, registered: string): FixKind | undefined {
  const [a, b] = [plain(sent), plain(registered)]
  if (!a || !b || sent === registered) return undefined
  if (a.protocol !== b.protocol || a.hostname !== b.hostname || a.search !== b.search) return undefined
  const samePath = a.pathname === b.pathname
  if (a.port !== b.port) return a.protocol === 'http:' && samePath ? 'loopback_port' : undefined
  // “https://app.example” and “https://app.example/” have one path, and are two strings.
  if (samePath) return a.search === '' ? 'trailing_slash' : undefined
  if (`${a.pathname}/` === b.pathname || a.pathname === `${b.pathname}/`) return 'trailing_slash'
  return a.pathname.toLowerCase() === b.pathname.toLowerCase() ? 'path_case' : 'path'
}

/**
 * What one click may do about a redirect URI that is not registered. Only what stays with the app that is registered
 * already: never another host, never http for https, nothing with a wildcard, nothing that is not written plainly
 * (RFC 9700 §2.1, §4.1). An administrator still looks at it: on a host that several parties share, another path is another
 * party.
 */
export function redirectFix(sent: string, registered: readonly string[]): RedirectFix | undefined {
  if (registered.includes(sent)) return undefined
  for (const kind of KINDS) {
    const beside = registered.find((uri) => fixKind(sent, uri) === kind)
    if (beside !== undefined) return { kind, add: sent, beside }
  }
  return undefined
}
