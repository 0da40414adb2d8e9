import type { FastifyRequest } from 'fastify'
import type { Finding } from '../../../shared/finding.ts'
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
  const name = 'Host'
  const host = first(headers.get('x-forwarded-host')) ?? first(headers.get('host'))
  if (host !== issuer.host && withoutPort(host, issuer) !== issuer.host)
    return {
      name,
      status: 'fail',
      message: `Your browser came to ${host ?? 'a host without a name'}, and ISSUER says ${issuer.host}.`,
      remedy: `Open the console at ${issuer.origin}/admin/setup/address. If people should use ${host ?? 'another host'}, set ISSUER to it and restart.`,
    }
  if (isLoopbackHost(issuer.hostname))
    return {
      name,
      status: 'warn',
      message: `${issuer.host} is on this machine only: fine for trying it out, but nobody else can sign in.`,
      remedy:
        'Set ISSUER to the address that people will use, for example https://id.example.com, and restart.',
    }
  return { name, status: 'ok', message: `Your browser came to ${issuer.host}, as ISSUER says.` }
}

/** The port of a scheme may be named or left out. */
function withoutPort(host: string | undefined, issuer: URL): string | undefined {
  return host === undefined ? undefined : URL.parse(`${issuer.protocol}//${host}`)?.host
}

function schemeOf(issuer: URL, headers: Headers): Finding {
  const name = 'Scheme'
  const scheme = issuer.protocol.slice(0, -1)
  const said = first(headers.get('x-forwarded-proto'))
  if (scheme === 'http')
    return {
      name,
      status: 'warn',
      message: 'ISSUER begins with http: passwords and tokens travel unencrypted.',
      remedy: 'Put a proxy with a certificate before the server, and set ISSUER to its https address.',
    }
  if (said !== undefined && said !== scheme)
    return {
      name,
      status: 'fail',
      message: `ISSUER says ${scheme}, and the proxy says that your browser came by ${said} (X-Forwarded-Proto).`,
      remedy: 'Let the proxy redirect http to https, and send X-Forwarded-Proto: https.',
    }
  return {
    name,
    status: 'ok',
    message: `ISSUER says ${scheme}${said === undefined ? ', and nothing says otherwise.' : ', and so does the proxy.'}`,
  }
}

function proxyOf(trustsProxy: boolean, headers: Headers, ip: string): Finding {
  const name = 'Proxy'
  const forwarded = headers.has('x-forwarded-for') || headers.has('forwarded')
  if (forwarded && !trustsProxy)
    return {
      name,
      status: 'fail',
      message: `A proxy stands before the server, and TRUST_PROXY is not set: everybody counts as ${ip} for rate limits, lock-out and the audit log.`,
      remedy: 'Set TRUST_PROXY to the number of your proxies, for example TRUST_PROXY=1, and restart.',
    }
  if (!forwarded && trustsProxy)
    return {
      name,
      status: 'warn',
      message: 'TRUST_PROXY is set, and this request came without X-Forwarded-For.',
      remedy: 'Let the proxy send X-Forwarded-For, or unset TRUST_PROXY if there is none.',
    }
  return {
    name,
    status: 'ok',
    message: forwarded
      ? `Your proxy passes on where people are: you count as ${ip}.`
      : `No proxy stands before the server: you count as ${ip}.`,
  }
}
