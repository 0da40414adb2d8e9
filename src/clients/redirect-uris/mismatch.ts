import { isLoopbackHost } from '../../shared/loopback.ts'
/** Why an authorization request's redirect URI is not a registered one, in words for the log. */
export interface RedirectMismatch {
  reason: string
  /** The registered URI that was probably meant. */
  closest: string | undefined
}

interface Difference {
  words: string
  /** How far apart this makes the two: the lowest sum is the closest. */
  weight: number
}

/**
 * Explains to the person who reads the log what differs between the redirect URI of a rejected authorization
 * request and the registered one that is nearest to it. Never decides anything: the comparison that counts is by
 * exact string (RFC 9700 §4.1.3).
 */
export function explainRedirectMismatch(sent: string, registered: readonly string[]): RedirectMismatch {
  let closest: string | undefined
  let differences: Difference[] = []
  let lowest = Number.POSITIVE_INFINITY
  for (const candidate of registered) {
    if (candidate === sent) return { reason: 'it is registered', closest: candidate }
    const found = differencesBetween(sent, candidate)
    const weight = found.reduce((sum, difference) => sum + difference.weight, 0)
    if (weight < lowest) {
      lowest = weight
      closest = candidate
      differences = found
    }
  }
  if (closest === undefined) return { reason: 'the client has no redirect URI registered', closest }
  return { reason: differences.map((difference) => difference.words).join('; '), closest }
}

function differencesBetween(sent: string, registered: string): Difference[] {
  if (sent === '') return [{ words: 'the request sends an empty redirect URI', weight: 100 }]
  if (sent !== sent.trim() && sent.trim() === registered) {
    return [{ words: 'white space around the URI', weight: 1 }]
  }
  const a = URL.parse(sent)
  const b = URL.parse(registered)
  if (a === null || b === null) return [{ words: 'the URI that was sent is not a valid URI', weight: 100 }]
  const found = [
    schemeDifference(a, b),
    userinfoDifference(a),
    hostDifference(a, b),
    portDifference(a, b),
    pathDifference(a, b),
    queryDifference(a, b),
    sent.includes('#') ? { words: 'a fragment (#…) was added', weight: 2 } : undefined,
  ].filter((difference) => difference !== undefined)
  return found.length > 0 ? found : [spellingDifference(sent, registered)]
}

function schemeDifference(a: URL, b: URL): Difference | undefined {
  if (a.protocol === b.protocol) return undefined
  return { words: `${a.protocol.slice(0, -1)} for ${b.protocol.slice(0, -1)}`, weight: 5 }
}

function userinfoDifference(a: URL): Difference | undefined {
  if (a.username === '' && a.password === '') return undefined
  return { words: 'a user name before the host (…@) was added', weight: 20 }
}

function hostDifference(a: URL, b: URL): Difference | undefined {
  if (a.hostname === b.hostname) return undefined
  const words = `host ${clip(a.hostname)} for ${b.hostname}`
  if (a.hostname.toLowerCase() === b.hostname.toLowerCase())
    return { words: 'upper or lower case in the host', weight: 1 }
  if (a.hostname === `www.${b.hostname}` || `www.${a.hostname}` === b.hostname) return { words, weight: 8 }
  if (isLoopbackHost(a.hostname) && isLoopbackHost(b.hostname)) return { words, weight: 4 }
  return { words, weight: 40 }
}

function portDifference(a: URL, b: URL): Difference | undefined {
  if (a.port === b.port || a.protocol !== b.protocol) return undefined
  return { words: `port ${a.port || '(none)'} for ${b.port || '(none)'}`, weight: 3 }
}

function pathDifference(a: URL, b: URL): Difference | undefined {
  if (a.pathname === b.pathname) return undefined
  if (a.pathname === `${b.pathname}/`) return { words: 'a trailing slash was added', weight: 1 }
  if (`${a.pathname}/` === b.pathname) return { words: 'the trailing slash is missing', weight: 1 }
  if (a.pathname.toLowerCase() === b.pathname.toLowerCase()) {
    return { words: 'upper or lower case in the path', weight: 1 }
  }
  if (decodes(a.pathname) === decodes(b.pathname)) return { words: 'percent-encoding in the path', weight: 2 }
  if (decodes(decodes(a.pathname)) === decodes(b.pathname)) {
    return { words: 'the path is percent-encoded twice', weight: 2 }
  }
  const words = `path ${clip(a.pathname)} for ${b.pathname}`
  return { words, weight: a.pathname.startsWith(b.pathname) ? 6 : 10 }
}

function queryDifference(a: URL, b: URL): Difference | undefined {
  if (a.search === b.search) return undefined
  if (b.search === '') return { words: 'a query string was added', weight: 2 }
  if (a.search === '') return { words: 'the query string is missing', weight: 2 }
  const sorted = (url: URL): string => [...url.searchParams].map(String).sort().join('\n')
  if (sorted(a) === sorted(b))
    return { words: 'the query parameters are in another order or encoding', weight: 1 }
  return { words: 'another query string', weight: 3 }
}

/** Both mean the same to a URL parser, and are not the same string. */
function spellingDifference(sent: string, registered: string): Difference {
  if (sent.toLowerCase() === registered.toLowerCase()) return { words: 'upper or lower case', weight: 1 }
  if (sent === `${registered}/`) return { words: 'a trailing slash was added', weight: 1 }
  if (`${sent}/` === registered) return { words: 'the trailing slash is missing', weight: 1 }
  if (/(\/|%2f)(\.|%2e){1,2}(\/|%2f|$)/i.test(sent))
    return { words: '. or .. segments in the path', weight: 2 }
  if (/:(80|443)(\/|\?|$)/.test(sent)) return { words: 'the default port is written out', weight: 1 }
  return {
    words: 'the same address in another spelling; they are compared character by character',
    weight: 2,
  }
}

const decodes = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** What was sent is anybody's text: a log line holds so much of it. */
const clip = (text: string): string => (text.length > 100 ? `${text.slice(0, 100)}…` : text)
