/**
 * What may be registered as a redirect URI. Registered values are compared as exact strings at request time
 * (RFC 9700 §2.1, §4.1.3), so a value that a browser or a framework would rewrite is refused here, with the reason.
 */

import { DANGEROUS_SCHEMES, isPrivateHost } from '../../http/forms/allowed-redirects.ts'
import { t } from '../../shared/locales/texts.ts'
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

/** `localhost:4000/callback`: a host and its port, without the scheme, which the host would be taken for. */
const isHostAndPort = (uri: string): boolean => /^[a-z0-9.-]+:\d{1,5}([/?]|$)/i.test(uri)

/** A private-use scheme is anything that is not http or https; whether it is acceptable is for the check below. */
export const hasPrivateUseScheme = (uri: string): boolean => {
  if (isHostAndPort(uri)) return false
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
  if (url === null) return t('admin.client_errors.uri.invalid')
  const web = url.protocol === 'http:' || url.protocol === 'https:'
  return (
    authorityProblem(uri, url, web) ??
    pathProblem(uri) ??
    (web ? webHostProblem(url, applicationType, hosts) : undefined)
  )
}

function textProblem(uri: string): string | undefined {
  if (uri === '') return t('admin.client_errors.uri.empty')
  if (uri.length > MAX_LENGTH) return t('admin.client_errors.uri.long', { max: MAX_LENGTH })
  if (/\s/u.test(uri)) return t('admin.client_errors.uri.space')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u001f\u007f-\u009f]|%[01][0-9a-f]|%7f/iu.test(uri))
    return t('admin.client_errors.uri.control')
  if (/[^\u0021-\u007e]/u.test(uri)) {
    return t('admin.client_errors.uri.ascii')
  }
  if (uri.includes('\\')) return t('admin.client_errors.uri.backslash')
  if (uri.includes('#')) return t('admin.client_errors.uri.fragment')
  if (uri.includes('*')) return t('admin.client_errors.uri.wildcard')
  if (/%(?![0-9a-f]{2})/iu.test(uri)) return t('admin.client_errors.uri.percent')
  return undefined
}

function schemeProblem(uri: string, ofApps: boolean, allowed: readonly string[]): string | undefined {
  if (isHostAndPort(uri)) {
    const [host = ''] = uri.split(':')
    return t('admin.client_errors.uri.port', {
      uri: `${isLoopbackHost(host.toLowerCase()) ? 'http' : 'https'}://${uri}`,
    })
  }
  const scheme = schemeOf(uri)
  if (scheme === undefined) return t('admin.client_errors.uri.relative')
  if (DANGEROUS_SCHEMES.has(scheme.toLowerCase()))
    return t('admin.client_errors.uri.dangerous', { scheme: scheme.toLowerCase() })
  if (scheme !== scheme.toLowerCase())
    return t('admin.client_errors.uri.capitals', { scheme: scheme.toLowerCase() })
  if (scheme === 'https' || scheme === 'http') {
    return uri.startsWith(`${scheme}://`) ? undefined : t('admin.client_errors.uri.slashes', { scheme })
  }
  if (!ofApps) {
    return t('admin.client_errors.uri.native', { scheme })
  }
  // RFC 8252 §7.1: based on a domain name that the app's maker controls, in reverse order.
  if (!/^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$/.test(scheme) && !allowed.includes(scheme)) {
    return t('admin.client_errors.uri.dot', { scheme })
  }
  return uri.startsWith(`${scheme}:/`) ? undefined : t('admin.client_errors.uri.slash', { scheme })
}

function authorityProblem(uri: string, url: URL, web: boolean): string | undefined {
  const authority = authorityOf(uri)
  if (authority === undefined) return undefined
  if (authority.includes('@')) return t('admin.client_errors.uri.user')
  if (authority.includes('%')) return t('admin.client_errors.uri.encodedHost')
  if (!web) return undefined
  if (url.hostname.endsWith('.')) return t('admin.client_errors.uri.dotHost')
  // The parser lower-cases hosts, rewrites odd IP notations and drops default ports: anything it changes is refused.
  if (authority !== url.host)
    return t('admin.client_errors.uri.oddHost', { uri: `${url.protocol}//${url.host}` })
  return undefined
}

function pathProblem(uri: string): string | undefined {
  const path = uri.replace(/^[^:]+:(\/\/[^/?]*)?/, '').replace(/\?.*$/, '')
  if (/%2e/iu.test(path)) return t('admin.client_errors.uri.encodedDot')
  if (/%2f|%5c/iu.test(path)) return t('admin.client_errors.uri.encodedSlash')
  if (/(^|\/)\.\.?(\/|$)/.test(path)) return t('admin.client_errors.uri.segments')
  return undefined
}

function webHostProblem(
  url: URL,
  applicationType: ApplicationType,
  hosts: readonly string[],
): string | undefined {
  const loopback = isLoopbackHost(url.hostname)
  if (url.protocol === 'http:' && !loopback && !hosts.includes(url.hostname)) {
    return t('admin.client_errors.uri.http', {
      host: url.hostname,
      hosts: LOOPBACK_HOSTS.join(', '),
      inside: isPrivateHost(url.hostname) ? 'yes' : 'no',
    })
  }
  if (url.protocol === 'http:' && !loopback && applicationType === 'native') {
    return t('admin.client_errors.uri.nativeHttp', { host: url.hostname })
  }
  if (applicationType === 'native' && url.protocol === 'https:' && loopback) {
    return t('admin.client_errors.uri.nativeHttps', { host: url.hostname })
  }
  return undefined
}

const schemeOf = (uri: string): string | undefined => /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1]

const authorityOf = (uri: string): string | undefined => /^[^:]+:\/\/([^/?#]*)/.exec(uri)?.[1]
