import type { KoaContextWithOIDC, Provider } from 'oidc-provider'

/*
 * An app is answered at the address that it registered, character by character (RFC 6749 §3.1.2: its query is retained).
 * The library and Koa parse that address and write it anew: `%20` becomes `+`, `'` becomes `%27`, a missing path `/`.
 */

/** A URI as it is written, with parameters in its query; one that it has by the same name gives way. */
export function withParameters(uri: string, parameters: Readonly<Record<string, unknown>>): string {
  const [base = '', query = ''] = uri.split(/\?(.*)/s)
  const isOurs = (pair: string) =>
    [...new URLSearchParams(pair).keys()].some((name) => Object.hasOwn(parameters, name))
  const kept = query.split('&').filter((pair) => !isOurs(pair))
  const values = Object.entries(parameters).map(([name, value]): [string, string] => [name, String(value)])
  const added = new URLSearchParams(values).toString()
  const pairs = [kept.join('&'), added].filter((part) => part !== '').join('&')
  return pairs === '' ? uri : `${base}?${pairs}`
}

/** Sends the browser on by a GET, to exactly this address. @param uri in ASCII, without white space */
export function redirectExactly(ctx: Pick<KoaContextWithOIDC, 'status' | 'redirect' | 'set'>, uri: string) {
  ctx.status = 303
  ctx.redirect(uri)
  ctx.set('location', uri)
}

type ResponseMode = Parameters<Provider['registerResponseMode']>[1]

/** Answers authorization requests at the exact redirect URI: whatever the response mode, an error too. */
export function withExactRedirects(Library: typeof Provider): typeof Provider {
  return class extends Library {
    /** The library's constructor calls it for each mode that it knows. */
    override registerResponseMode(name: string, handler: ResponseMode): void {
      super.registerResponseMode(name, async (ctx, redirectUri, payload) => {
        await handler.call(this, ctx, redirectUri, payload)
        const location = URL.parse(ctx.response.get('location'))
        // A page that posts itself has the address as it is.
        if (location === null) return
        const inFragment = location.hash !== ''
        const written = new URLSearchParams(inFragment ? location.hash.slice(1) : location.search)
        // In a JWT the answer is one parameter (JARM §2.3).
        const parameters = /jwt/.test(name) ? { response: String(written.get('response')) } : payload
        ctx.set(
          'location',
          inFragment ? `${redirectUri}${location.hash}` : withParameters(redirectUri, parameters),
        )
      })
    }
  }
}
