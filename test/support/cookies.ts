/** The cookies of one browser (RFC 6265 §5), for one program that talks to loopback hosts only. */
export interface CookieJar {
  /** Takes in the Set-Cookie headers of a response from `url`. */
  store(url: URL, setCookies: readonly string[]): void
  /** The Cookie header for a request to `url`; undefined when there is none. */
  header(url: URL): string | undefined
  /** The value of a cookie by its name, whichever host and path it belongs to. */
  value(name: string): string | undefined
  /** All of them, for another browser to go on with. */
  list(): readonly Cookie[]
}

interface Cookie {
  name: string
  value: string
  host: string
  path: string
  secure: boolean
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])
const isSecure = (url: URL): boolean => url.protocol === 'https:' || LOOPBACK.has(url.hostname)
const defaultPath = (pathname: string): string => pathname.slice(0, pathname.lastIndexOf('/')) || '/'
const pathMatches = (cookie: string, path: string): boolean =>
  path === cookie || path.startsWith(cookie.endsWith('/') ? cookie : `${cookie}/`)

/** Ports do not separate cookies (RFC 6265 §8.5), hosts do; the Domain attribute is ignored. */
export function createCookieJar(): CookieJar {
  const cookies = new Map<string, Cookie>()

  return {
    store(url, setCookies) {
      for (const line of setCookies) {
        const [pair = '', ...rest] = line.split(';').map((part) => part.trim())
        const split = pair.indexOf('=')
        if (split < 1) continue
        const attributes = new Map(
          rest.map((part): [string, string] => {
            const [key = '', ...value] = part.split('=')
            return [key.toLowerCase(), value.join('=')]
          }),
        )
        const path = attributes.get('path')
        const cookie = {
          name: pair.slice(0, split),
          value: pair.slice(split + 1),
          host: url.hostname,
          path: path?.startsWith('/') ? path : defaultPath(url.pathname),
          secure: attributes.has('secure'),
        }
        const key = `${cookie.host};${cookie.path};${cookie.name}`
        const maxAge = attributes.get('max-age')
        const expires = attributes.get('expires')
        const gone =
          maxAge !== undefined
            ? Number(maxAge) <= 0
            : expires !== undefined && Date.parse(expires) <= Date.now()
        if (gone) cookies.delete(key)
        else if (!cookie.secure || isSecure(url)) cookies.set(key, cookie)
      }
    },
    header(url) {
      const sent = [...cookies.values()]
        .filter((cookie) => cookie.host === url.hostname && pathMatches(cookie.path, url.pathname))
        .filter((cookie) => !cookie.secure || isSecure(url))
        .sort((a, b) => b.path.length - a.path.length)
      return sent.length > 0 ? sent.map((cookie) => `${cookie.name}=${cookie.value}`).join('; ') : undefined
    },
    list: () => [...cookies.values()],
    value: (name) => [...cookies.values()].find((cookie) => cookie.name === name)?.value,
  }
}
