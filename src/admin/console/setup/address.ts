import type { FastifyRequest } from 'fastify'
import type { Finding } from '../../../shared/finding.ts'
import { t } from '../../../shared/locales/texts.ts'
import { isLoopbackHost } from '../../../shared/loopback.ts'

/** What a request of a browser says of the way that it came. */
export interface Arrival {
  headers: Headers
  /** The address that it counts as. */
  ip: string
}

/**
 * A request as it arrived: the guard of the console has pinned host and scheme of its parsed headers to the issuer, as the protocol
 * library has to see them.
 */
export function arrivalOf({ raw, ip }: FastifyRequest): Arrival {
  const headers = new Headers()
  for (const [index, name] of raw.rawHeaders.entries()) {
    const value = raw.rawHeaders[index + 1] ?? ''
    if (index % 2 === 0 && COMPARED.has(name.toLowerCase())) headers.append(name, value)
  }
  return { headers, ip }
}

const COMPARED = new Set(['host', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-for', 'forwarded'])

/** A proxy that adds to a header writes behind what was there. */
const first = (header: string | null): string | undefined =>
  header?.split(',')[0]?.trim().toLowerCase().slice(0, 255) || undefined

/**
 * Compares the public address of the server with the way that a browser has just come. Headers are what the browser or a proxy says:
 * they are shown to the administrator who sent them, and nothing else depends on them.
 */
export function findingsOf(issuer: URL, trustsProxy: boolean, { headers, ip }: Arrival): Finding[] {
  return [hostOf(issuer, headers), schemeOf(issuer, headers), proxyOf(trustsProxy, headers, ip)]
}

function hostOf(issuer: URL, headers: Headers): Finding {
  const name = t('admin.setup.host')
  const host = first(headers.get('x-forwarded-host')) ?? first(headers.get('host'))
  if (host !== issuer.host && withoutPort(host, issuer) !== issuer.host)
    return {
      name,
      status: 'fail',
      message: t('admin.setup.host.wrong', {
        host: host ?? t('admin.setup.host.nameless'),
        issuer: issuer.host,
      }),
      remedy: t('admin.setup.host.wrong.remedy', {
        address: `${issuer.origin}/admin/setup/address`,
        host: host ?? t('admin.setup.host.another'),
      }),
    }
  if (isLoopbackHost(issuer.hostname))
    return {
      name,
      status: 'warn',
      message: t('admin.setup.host.loopback', { host: issuer.host }),
      remedy: t('admin.setup.host.loopback.remedy'),
    }
  return { name, status: 'ok', message: t('admin.setup.host.right', { host: issuer.host }) }
}

/** The port of a scheme may be named or left out. */
function withoutPort(host: string | undefined, issuer: URL): string | undefined {
  return host === undefined ? undefined : URL.parse(`${issuer.protocol}//${host}`)?.host
}

function schemeOf(issuer: URL, headers: Headers): Finding {
  const name = t('admin.setup.scheme')
  const scheme = issuer.protocol.slice(0, -1)
  const said = first(headers.get('x-forwarded-proto'))
  if (scheme === 'http')
    return {
      name,
      status: 'warn',
      message: t('admin.setup.scheme.http'),
      remedy: t('admin.setup.scheme.http.remedy'),
    }
  if (said !== undefined && said !== scheme)
    return {
      name,
      status: 'fail',
      message: t('admin.setup.scheme.wrong', { scheme, said }),
      remedy: t('admin.setup.scheme.wrong.remedy'),
    }
  return {
    name,
    status: 'ok',
    message: t(said === undefined ? 'admin.setup.scheme.right' : 'admin.setup.scheme.right.proxy', {
      scheme,
    }),
  }
}

function proxyOf(trustsProxy: boolean, headers: Headers, ip: string): Finding {
  const name = t('admin.setup.proxy')
  const forwarded = headers.has('x-forwarded-for') || headers.has('forwarded')
  if (forwarded && !trustsProxy)
    return {
      name,
      status: 'fail',
      message: t('admin.setup.proxy.unset', { ip }),
      remedy: t('admin.setup.proxy.unset.remedy'),
    }
  if (!forwarded && trustsProxy)
    return {
      name,
      status: 'warn',
      message: t('admin.setup.proxy.missing'),
      remedy: t('admin.setup.proxy.missing.remedy'),
    }
  return {
    name,
    status: 'ok',
    message: t(forwarded ? 'admin.setup.proxy.right' : 'admin.setup.proxy.none', { ip }),
  }
}
