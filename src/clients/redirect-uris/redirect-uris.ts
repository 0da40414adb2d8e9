/**
 * What may be registered as a redirect URI. Registered values are compared as exact strings at request time
 * (RFC 9700 §2.1, §4.1.3), so a value that a browser or a framework would rewrite is refused here, with the reason.
 */

import { DANGEROUS_SCHEMES, isPrivateHost } from '../../http/forms/allowed-redirects.ts'
import { isLoopbackHost, LOOPBACK_HOSTS } from '../../shared/loopback.ts'

/** `web`: https anywhere, http on loopback. `native` adds private-use schemes (RFC 8252 §7.1). */
export type ApplicationType = 'web' | 'native'

/** What is more than the usual, exactly as it is written here. */
export interface AllowedRedirects {
  /** Hosts inside the network that plain http may lead to. */
  hosts: readonly string[]
  /** Schemes without a dot, which are registered to no owner: of programs that cannot do better. */
  schemes: readonly string[]
}

interface Allowed extends Partial<AllowedRedirects> {
  /** Whether a `web` client may have private-use schemes: one that is a web application and has an app, too. */
  appSchemes?: boolean
}

const MAX_LENGTH = 2000

export const isLoopbackHttp = (uri: string): boolean => {
  const url = URL.parse(uri)
  return url?.protocol === 'http:' && isLoopbackHost(url.hostname)
}

export const isLoopbackHttps = (uri: string): boolean => {
  const url = URL.parse(uri)
  return url?.protocol === 'https:' && isLoopbackHost(url.hostname)
}

/** A private-use scheme is anything that is not http or https; whether it is acceptable is for the check below. */
export const hasPrivateUseScheme = (uri: string): boolean => {
  const scheme = schemeOf(uri)?.toLowerCase()
  return scheme !== undefined && scheme !== 'http' && scheme !== 'https'
}

/**
 * Why a redirect URI (or post-logout redirect URI) cannot be registered, in words that name a way out;
 * undefined when it can.
 */
export function redirectUriProblem(
  uri: string,
  applicationType: ApplicationType,
  { hosts = [], schemes = [], appSchemes = false }: Allowed = {},
): string | undefined {
  const problem = textProblem(uri) ?? schemeProblem(uri, applicationType === 'native' || appSchemes, schemes)
  if (problem !== undefined) return problem
  const url = URL.parse(uri)
  if (url === null) return 'is not a valid URI; write it in full, like https://app.example/callback'
  const web = url.protocol === 'http:' || url.protocol === 'https:'
  return (
    authorityProblem(uri, url, web) ??
    pathProblem(uri) ??
    (web ? webHostProblem(url, applicationType, hosts) : undefined)
  )
}

function textProblem(uri: string): string | undefined {
  if (uri === '') return 'is empty; write it in full, like https://app.example/callback'
  if (uri.length > MAX_LENGTH) return `is longer than ${MAX_LENGTH} characters`
  if (/\s/u.test(uri)) return 'contains white space; remove it, or write a space as %20'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u001f\u007f-\u009f]|%[01][0-9a-f]|%7f/iu.test(uri)) return 'contains a control character'
  if (/[^\u0021-\u007e]/u.test(uri)) {
    return 'contains a character outside ASCII; percent-encode it, and write the host in its xn-- form'
  }
  if (uri.includes('\\')) return 'contains a backslash; use /'
  if (uri.includes('#')) return 'has a fragment (#…); remove it (RFC 6749 §3.1.2)'
  if (uri.includes('*')) return 'contains a wildcard; register each URI in full (RFC 9700 §2.1)'
  if (/%(?![0-9a-f]{2})/iu.test(uri)) return 'has a % that is not followed by two hexadecimal digits'
  return undefined
}

function schemeProblem(uri: string, ofApps: boolean, allowed: readonly string[]): string | undefined {
  const scheme = schemeOf(uri)
  if (scheme === undefined) return 'is relative; write it in full, like https://app.example/callback'
  if (DANGEROUS_SCHEMES.has(scheme.toLowerCase())) return `must not use the ${scheme.toLowerCase()}: scheme`
  if (scheme !== scheme.toLowerCase()) return `writes its scheme in capitals; write ${scheme.toLowerCase()}:`
  if (scheme === 'https' || scheme === 'http') {
    return uri.startsWith(`${scheme}://`) ? undefined : `lacks // after ${scheme}:`
  }
  if (!ofApps) {
    return `uses the private-use scheme ${scheme}:, which is for native clients; use https`
  }
  // RFC 8252 §7.1: based on a domain name that the app's maker controls, in reverse order.
  if (!/^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$/.test(scheme) && !allowed.includes(scheme)) {
    return `uses the scheme ${scheme}:, which has no dot; use a reversed domain name of yours, like com.example.app:/callback (the operator may allow a scheme without one by name, in the setting redirect_schemes)`
  }
  return uri.startsWith(`${scheme}:/`) ? undefined : `lacks / after ${scheme}:; write ${scheme}:/callback`
}

function authorityProblem(uri: string, url: URL, web: boolean): string | undefined {
  const authority = authorityOf(uri)
  if (authority === undefined) return undefined
  if (authority.includes('@')) return 'contains a user name or password (…@); remove it'
  if (authority.includes('%')) return 'has a percent-encoded host; write the host plainly'
  if (!web) return undefined
  if (url.hostname.endsWith('.')) return 'has a host with a trailing dot; remove the dot'
  // The parser lower-cases hosts, rewrites odd IP notations and drops default ports: anything it changes is refused.
  if (authority !== url.host) return `writes its host in an unusual way; write ${url.protocol}//${url.host}…`
  return undefined
}

function pathProblem(uri: string): string | undefined {
  const path = uri.replace(/^[^:]+:(\/\/[^/?]*)?/, '').replace(/\?.*$/, '')
  if (/%2e/iu.test(path)) return 'has a percent-encoded dot in its path; write it as a dot'
  if (/%2f|%5c/iu.test(path)) return 'has a percent-encoded slash or backslash in its path'
  if (/(^|\/)\.\.?(\/|$)/.test(path)) return 'has . or .. segments in its path; write the path they lead to'
  return undefined
}

function webHostProblem(
  url: URL,
  applicationType: ApplicationType,
  hosts: readonly string[],
): string | undefined {
  const loopback = isLoopbackHost(url.hostname)
  if (url.protocol === 'http:' && !loopback && !hosts.includes(url.hostname)) {
    const way = isPrivateHost(url.hostname)
      ? '; the operator may allow a host by name, in the setting redirect_hosts'
      : ''
    return `uses http on ${url.hostname}; use https (http is for ${LOOPBACK_HOSTS.join(', ')} only${way})`
  }
  if (url.protocol === 'http:' && !loopback && applicationType === 'native') {
    return `uses http on ${url.hostname}, which a native client cannot; use https, or register it as a web client`
  }
  if (applicationType === 'native' && url.protocol === 'https:' && loopback) {
    return `uses https on ${url.hostname}, which a native client cannot; use http there (RFC 8252 §7.3)`
  }
  return undefined
}

const schemeOf = (uri: string): string | undefined => /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1]

const authorityOf = (uri: string): string | undefined => /^[^:]+:\/\/([^/?#]*)/.exec(uri)?.[1]
